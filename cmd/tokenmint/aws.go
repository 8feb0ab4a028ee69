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
	"github.com/aws/smithy-go/logging"

	"github.com/tokenmint/tokenmint/internal/setup"
)

// credentialLimit is how long AWS may take to hand out credentials. A program of the profile may ask a person.
const credentialLimit = time.Minute

// readSettings reads the functions' variables. Profile, region and credentials are found as every tool of AWS finds
// them. Where the variables are those of a running dev, nothing of AWS is looked for: they are enough by themselves.
func readSettings(ctx context.Context, getenv func(string) string) (setup.Settings, error) {
	if getenv("PARENT_SECRET_ID") == "" {
		return setup.Settings{}, errors.New("PARENT_SECRET_ID is not set: load the output Variables of the stack, " +
			"or the file that dev --env-file wrote; see --help")
	}
	if isDev(getenv) {
		return setup.Read(getenv)
	}
	return setup.ReadWith(getenv, func(bool) (setup.AWS, error) { return loadAWS(ctx, getenv) })
}

// isDev reports whether all services that are used are at addresses of this machine.
func isDev(getenv func(string) string) bool {
	all := getenv("AWS_ENDPOINT_URL")
	return isLoopback(cmp.Or(getenv("AWS_ENDPOINT_URL_SECRETS_MANAGER"), all)) &&
		(getenv("TOKEN_TABLE") == "" || isLoopback(cmp.Or(getenv("AWS_ENDPOINT_URL_DYNAMODB"), all)))
}

// isLoopback reports whether an address is one that only this machine answers to.
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
	ctx, cancel := context.WithTimeout(ctx, credentialLimit)
	defer cancel()
	cfg, err := awsconfig.LoadDefaultConfig(ctx, awsconfig.WithLogger(logging.Nop{}))
	profile := cmp.Or(getenv("AWS_PROFILE"), getenv("AWS_DEFAULT_PROFILE"))
	if missing, ok := errors.AsType[awsconfig.SharedConfigProfileNotExistError](err); ok {
		return setup.AWS{}, fmt.Errorf("AWS has no profile %q: set AWS_PROFILE to one that aws configure list-profiles names",
			cmp.Or(missing.Profile, profile))
	}
	if _, ok := errors.AsType[awsconfig.AssumeRoleTokenProviderNotSetError](err); ok {
		// Asking for the code on standard input could send AWS the token that is piped to bootstrap.
		return setup.AWS{}, errors.New("the AWS profile needs an MFA code, which this command does not ask for: first run " +
			`eval "$(aws configure export-credentials --format env)"`)
	}
	if err != nil {
		return setup.AWS{}, fmt.Errorf("load the configuration of AWS, as in ~/.aws/config: %s", firstLine(err))
	}
	if cfg.Region == "" {
		return setup.AWS{}, errors.New("no AWS region is set: set AWS_REGION to the region of the parent secret, or region in the profile")
	}
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		return setup.AWS{}, noCredentials(cfg, profile, err)
	}
	return setup.AWS{Region: cfg.Region, Credentials: cfg.Credentials, Loaded: &cfg}, nil
}

// noCredentials says in one sentence what to do.
func noCredentials(cfg aws.Config, profile string, cause error) error {
	with := ""
	if profile != "" {
		with = " --profile " + profile
	}
	for _, source := range cfg.ConfigSources {
		shared, ok := source.(awsconfig.SharedConfig)
		switch {
		case !ok:
		case shared.LoginSession != "":
			return fmt.Errorf("the login session of AWS has expired or is missing: run aws login%s", with)
		case shared.SSOSessionName != "" || shared.SSOStartURL != "":
			return fmt.Errorf("the SSO session of AWS has expired or is missing: run aws sso login%s", with)
		}
	}
	if strings.Contains(cause.Error(), "IMDS") || strings.Contains(cause.Error(), "ec2imds") {
		// The instance metadata service is the last place that is asked.
		return errors.New("no AWS credentials were found: set AWS_PROFILE, run aws configure or aws sso login, " +
			"or export AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	}
	return fmt.Errorf("AWS gives no credentials%s: %s; try aws sts get-caller-identity%s",
		strings.Replace(with, " --profile", " for profile", 1), firstLine(cause), with)
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
