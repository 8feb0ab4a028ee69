// Package environment reads the variables that configure the two functions, and nothing else: it dials nothing. A variable
// that is missing or wrong is an error of one sentence that names it.
package environment

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Settings are the checked variables.
type Settings struct {
	ParentSecretID string     // PARENT_SECRET_ID: name or ARN
	TokensAPIURL   string     // TOKENS_API_URL
	Stage          string     // STAGE
	Stack          string     // STACK: part of the note of every token that rotation creates
	LogLevel       slog.Level // LOG_LEVEL
	AWS            AWS
}

// AWS is what an SDK client is built from. The functions build their clients directly instead of loading the SDK's
// shared configuration: on Lambda everything stands in the environment, and loading costs a waiting caller milliseconds.
type AWS struct {
	Region                 string
	Credentials            aws.CredentialsProvider
	SecretsManagerEndpoint string // "" means AWS's own
}

// Read reads the settings with getenv, which is [os.Getenv] outside tests.
func Read(getenv func(string) string) (Settings, error) {
	s := Settings{
		ParentSecretID: getenv("PARENT_SECRET_ID"),
		TokensAPIURL:   or(getenv("TOKENS_API_URL"), "https://api.mapbox.com"),
		Stage:          or(getenv("STAGE"), "dev"),
		Stack:          or(getenv("STACK"), "tokenmint"),
	}
	if s.ParentSecretID == "" {
		return Settings{}, errors.New("PARENT_SECRET_ID is not set: it must name the secret that holds the parent token")
	}
	if err := checkOrigin("TOKENS_API_URL", s.TokensAPIURL); err != nil {
		return Settings{}, err
	}
	if err := s.LogLevel.UnmarshalText([]byte(or(getenv("LOG_LEVEL"), "INFO"))); err != nil {
		return Settings{}, fmt.Errorf("LOG_LEVEL is %q: it must be DEBUG, INFO, WARN or ERROR", getenv("LOG_LEVEL"))
	}
	var err error
	s.AWS, err = readAWS(getenv)
	return s, err
}

// readAWS honours the SDK's own variables. Someone who names an endpoint of his own talks to a double, which needs neither a region nor
// credentials; both then have placeholders, since the SDK signs every request.
func readAWS(getenv func(string) string) (AWS, error) {
	endpoint := or(getenv("AWS_ENDPOINT_URL_SECRETS_MANAGER"), getenv("AWS_ENDPOINT_URL"))
	region := or(getenv("AWS_REGION"), getenv("AWS_DEFAULT_REGION"))
	keys := aws.Credentials{
		AccessKeyID:     getenv("AWS_ACCESS_KEY_ID"),
		SecretAccessKey: getenv("AWS_SECRET_ACCESS_KEY"),
		SessionToken:    getenv("AWS_SESSION_TOKEN"),
		Source:          "environment",
	}
	if endpoint != "" {
		for _, name := range []string{"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SECRETS_MANAGER"} {
			if value := getenv(name); value != "" {
				if err := checkOrigin(name, value); err != nil {
					return AWS{}, err
				}
			}
		}
		region = or(region, "us-east-1")
		if !keys.HasKeys() {
			keys.AccessKeyID, keys.SecretAccessKey = "local", "local"
		}
	}
	switch {
	case region == "":
		return AWS{}, errors.New("AWS_REGION is not set: it must name the region of the parent secret")
	case !keys.HasKeys():
		return AWS{}, errors.New("AWS_ACCESS_KEY_ID or AWS_SECRET_ACCESS_KEY is not set: Lambda sets both; elsewhere they must be exported")
	}
	provide := func(context.Context) (aws.Credentials, error) { return keys, nil }
	return AWS{Region: region, Credentials: aws.CredentialsProviderFunc(provide), SecretsManagerEndpoint: endpoint}, nil
}

// checkOrigin keeps to what an endpoint may be. The value stays out of the error, for it may hold a credential.
func checkOrigin(name, value string) error {
	u, err := url.Parse(value)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return fmt.Errorf("%s is not an http or https address", name)
	}
	if u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("%s must end after the host: no user, path, query or fragment", name)
	}
	return nil
}

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}
