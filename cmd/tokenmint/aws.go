package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"

	"github.com/tokenmint/tokenmint/internal/setup"
)

// credentialLimit bounds the wait for AWS credentials. A profile's credential_process may ask the
// user.
const credentialLimit = time.Minute

// readSettings reads the functions' variables. Profile, region and credentials come from the SDK's
// default chain, as in every AWS tool. The variables of a running dev need no AWS configuration.
func readSettings(ctx context.Context, getenv func(string) string) (setup.Settings, error) {
	if getenv("PARENT_SECRET_ID") == "" {
		return setup.Settings{}, errors.New("PARENT_SECRET_ID is not set: " +
			"load the output Variables of the stack, or the file from dev --env-file; see --help")
	}
	if isDev(getenv) {
		return setup.Read(getenv)
	}
	return setup.ReadWith(getenv, func(bool) (setup.AWS, error) { return loadAWS(ctx, getenv) })
}

// isDev reports whether all AWS services in use are at addresses of this machine.
func isDev(getenv func(string) string) bool {
	all := getenv("AWS_ENDPOINT_URL")
	return isLoopback(cmp.Or(getenv("AWS_ENDPOINT_URL_SECRETS_MANAGER"), all)) &&
		(getenv("TOKEN_TABLE") == "" || isLoopback(cmp.Or(getenv("AWS_ENDPOINT_URL_DYNAMODB"),
			all)))
}

// isLoopback reports whether a URL leads to this machine.
func isLoopback(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return false
	}
	return isLocalHost(u.Hostname())
}

func isLocalHost(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func loadAWS(ctx context.Context, getenv func(string) string) (setup.AWS, error) {
	cfg, err := loadChain(ctx, getenv, "")
	if err != nil {
		return setup.AWS{}, err
	}
	return setup.AWS{Region: cfg.Region, Credentials: cfg.Credentials, Loaded: &cfg}, nil
}

// loadChain loads the default chain and gets credentials once, so that an error names the remedy.
// region is the region to use; "" = that of the chain.
func loadChain(
	ctx context.Context, getenv func(string) string, region string,
) (aws.Config, error) {
	ctx, cancel := context.WithTimeout(ctx, credentialLimit)
	defer cancel()
	cfg, err := awsconfig.LoadDefaultConfig(ctx, awsconfig.WithLogger(logging.Nop{}))
	profile := cmp.Or(getenv("AWS_PROFILE"), getenv("AWS_DEFAULT_PROFILE"))
	if missing, ok := errors.AsType[awsconfig.SharedConfigProfileNotExistError](err); ok {
		return aws.Config{}, fmt.Errorf("AWS has no profile %q: "+
			"set AWS_PROFILE to one that aws configure "+
			"list-profiles names", cmp.Or(missing.Profile, profile))
	}
	if _, ok := errors.AsType[awsconfig.AssumeRoleTokenProviderNotSetError](err); ok {
		// Standard input may hold the token for bootstrap. A prompt for the code would send it to
		// AWS.
		return aws.Config{}, errors.New("the AWS profile needs an MFA code, and this command " +
			"cannot ask for it: " +
			`first run eval "$(aws configure export-credentials --format env)"`)
	}
	if err != nil {
		return aws.Config{}, fmt.Errorf("load the AWS configuration, as in "+
			"~/.aws/config: %s", firstLine(err))
	}
	if cfg.Region = cmp.Or(region, cfg.Region); cfg.Region == "" {
		return aws.Config{}, errors.New("no AWS region is set: " +
			"set AWS_REGION to the region of the stack, or set region in the profile")
	}
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		return aws.Config{}, noCredentials(cfg, profile, err)
	}
	return cfg, nil
}

// noCredentials returns an error that says in one sentence how to get credentials.
func noCredentials(cfg aws.Config, profile string, cause error) error {
	var flag, forProfile string
	if profile != "" {
		flag, forProfile = " --profile "+profile, " for profile "+profile
	}
	for _, source := range cfg.ConfigSources {
		shared, ok := source.(awsconfig.SharedConfig)
		switch {
		case !ok:
		case shared.LoginSession != "":
			return fmt.Errorf("the AWS login session has expired or is missing: run aws "+
				"login%s", flag)
		case shared.SSOSessionName != "" || shared.SSOStartURL != "":
			return fmt.Errorf("the AWS SSO session has expired or is missing: run aws sso "+
				"login%s", flag)
		}
	}
	if strings.Contains(cause.Error(), "IMDS") || strings.Contains(cause.Error(), "ec2imds") {
		// The SDK asks the instance metadata service last.
		return errors.New("no AWS credentials were found: set AWS_PROFILE, run aws configure or " +
			"aws sso login, " +
			"or export AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	}
	return fmt.Errorf("AWS gives no credentials%s: %s; try aws sts get-caller-identity%s",
		forProfile, firstLine(cause), flag)
}

// awsRemedy says what to do about an error of an AWS service. permission is the IAM action of the
// call, and missing is the remedy if the resource does not exist.
func awsRemedy(err error, permission, missing string) string {
	failure, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return "are region, endpoint and credentials right?"
	}
	switch failure.ErrorCode() {
	case "ResourceNotFoundException", "QueueDoesNotExist",
		"AWS.SimpleQueueService.NonExistentQueue":
		return missing
	case "AccessDeniedException", "AccessDenied":
		return "allow these credentials " + permission + " on it"
	}
	return "are region and credentials right?"
}

// withoutRequest shortens an error of the SDK to the code and the message of the service.
func withoutRequest(err error) error {
	if failure, ok := errors.AsType[smithy.APIError](err); ok {
		return fmt.Errorf("%s: %s", failure.ErrorCode(), failure.ErrorMessage())
	}
	return err
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
