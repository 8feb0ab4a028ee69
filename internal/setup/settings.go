// Package setup turns environment variables into settings, and settings into the two handlers. It is the one place where
// adapters meet the packages that use them. The functions' mains and the local runner share it, so the same code runs on a
// laptop and on Lambda. It dials nothing.
//
// A variable that is missing or wrong is an error of one sentence that names the variable.
package setup

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
)

// DefaultStack is the stack's name in notes when STACK is not set.
const DefaultStack = "tokenmint"

// Settings are the checked variables.
type Settings struct {
	ParentSecretID string     // PARENT_SECRET_ID: name or ARN
	TokensAPIURL   string     // TOKENS_API_URL
	TokenTable     string     // TOKEN_TABLE: name of the DynamoDB table; "" means that an instance shares tokens with itself only
	Stage          string     // STAGE
	Stack          string     // STACK: part of the note of every token that rotation creates
	LogLevel       slog.Level // LOG_LEVEL
	AWS            AWS
}

// alphanumeric is in every name at AWS. The checks are no regular expressions because a function's start would wait for them to compile.
const alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// isTable holds DynamoDB's rule for names: 3 to 255 letters, digits and _.-.
func isTable(name string) bool {
	return len(name) >= 3 && len(name) <= 255 && strings.Trim(name, alphanumeric+"_.-") == ""
}

// isSecret holds Secrets Manager's rule for names, 1 to 512 letters, digits and /_+=.@-, also for the one at the end of an ARN.
func isSecret(id string) bool {
	if strings.HasPrefix(id, "arn:") {
		arn := strings.SplitN(id, ":", 7)
		if len(arn) != 7 || arn[2] != "secretsmanager" || arn[5] != "secret" {
			return false
		}
		id = arn[6]
	}
	return id != "" && len(id) <= 512 && strings.Trim(id, alphanumeric+"/_+=.@-") == ""
}

// checkNoToken finds a token where its name, or something else that is no secret, should be: it would pass for that, and be logged.
func checkNoToken(getenv func(string) string) error {
	for _, name := range []string{"PARENT_SECRET_ID", "TOKEN_TABLE", "STAGE", "STACK", "LOG_LEVEL"} {
		for _, usage := range []string{"pk", "sk", "tk"} {
			if strings.HasPrefix(getenv(name), usage+".eyJ") { // the payload is a JSON object in base64
				return fmt.Errorf("%s holds a token: tokens stand in the parent secret and nowhere else", name)
			}
		}
	}
	return nil
}

// Read reads the settings with getenv, which is [os.Getenv] outside tests. AWS's part is read from variables alone.
func Read(getenv func(string) string) (Settings, error) {
	return ReadWith(getenv, func(table bool) (AWS, error) { return readAWS(getenv, table) })
}

// ReadWith is Read for a caller that finds region and credentials in another way. load is called last; table says whether
// DynamoDB is used.
func ReadWith(getenv func(string) string, load func(table bool) (AWS, error)) (Settings, error) {
	s := Settings{
		ParentSecretID: getenv("PARENT_SECRET_ID"),
		TokensAPIURL:   cmp.Or(getenv("TOKENS_API_URL"), "https://api.mapbox.com"),
		TokenTable:     getenv("TOKEN_TABLE"),
		Stage:          cmp.Or(getenv("STAGE"), "dev"),
		Stack:          cmp.Or(getenv("STACK"), DefaultStack),
	}
	if s.ParentSecretID == "" {
		return Settings{}, errors.New("PARENT_SECRET_ID is not set: it must name the secret that holds the parent token")
	}
	if err := checkNoToken(getenv); err != nil {
		return Settings{}, err
	}
	if !isSecret(s.ParentSecretID) {
		return Settings{}, errors.New("PARENT_SECRET_ID is neither the name nor the ARN of a secret")
	}
	if err := checkOrigin("TOKENS_API_URL", s.TokensAPIURL); err != nil {
		return Settings{}, err
	}
	if s.TokenTable != "" && !isTable(s.TokenTable) {
		return Settings{}, errors.New("TOKEN_TABLE must be the name of a DynamoDB table, not its ARN")
	}
	if err := s.LogLevel.UnmarshalText([]byte(cmp.Or(getenv("LOG_LEVEL"), "INFO"))); err != nil {
		return Settings{}, errors.New("LOG_LEVEL must be DEBUG, INFO, WARN or ERROR")
	}
	if err := checkEndpoints(getenv); err != nil {
		return Settings{}, err
	}
	var err error
	s.AWS, err = load(s.TokenTable != "")
	if err != nil {
		return Settings{}, err
	}
	return s, nil
}

// checkEndpoints holds the SDK's variables that name an endpoint. That of Secrets Manager may have a path, as `dev --live`
// has, whose path is a secret.
func checkEndpoints(getenv func(string) string) error {
	for _, name := range []string{"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SECRETS_MANAGER", "AWS_ENDPOINT_URL_DYNAMODB"} {
		value := getenv(name)
		if value == "" {
			continue
		}
		if u, err := url.Parse(value); err == nil && name == "AWS_ENDPOINT_URL_SECRETS_MANAGER" {
			u.Path, u.RawPath = "", ""
			value = u.String()
		}
		if err := checkOrigin(name, value); err != nil {
			return err
		}
	}
	return nil
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
