// Package setup reads settings from environment variables and builds the two handlers from them. It
// connects the adapters with the packages that use them. The functions' mains and the local runner
// share it, so the same code runs on a laptop and on Lambda. It opens no connection.
//
// An error about a missing or wrong variable is one sentence that names the variable.
package setup

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
)

// DefaultStack is the name of the stack in notes if STACK is not set.
const DefaultStack = "tokenmint"

// DefaultStage is the stage if STAGE is not set. Names of secrets contain the stage.
const DefaultStage = "dev"

const (
	// mostCount is more than the quota of any account allows of instances or of requests a second.
	mostCount = 1_000_000

	// perInstance is how many requests a second an instance may get where only the limit of the API
	// is known. A request then takes a tenth of a second, which is more than most take.
	perInstance = 10
)

// Settings are checked values of environment variables.
type Settings struct {
	ParentSecretID string     // PARENT_SECRET_ID: name or ARN
	TokensAPIURL   string     // TOKENS_API_URL
	TokenTable     string     // TOKEN_TABLE: DynamoDB table; "" means the memory of each instance
	Instances      int        // MINT_CONCURRENCY or REQUESTS_PER_SECOND; 0 = not known
	ConfigFile     string     // CONFIG_FILE: path of the policy; "" means the embedded policy
	Stage          string     // STAGE
	Stack          string     // STACK: part of the note of every token that rotation creates
	LogLevel       slog.Level // LOG_LEVEL
	AWS            AWS
}

// alphanumeric has the characters that all names at AWS allow. The checks use no regular
// expression, since compiling one would delay the start of a function.
const alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// isTable applies DynamoDB's rule for names: 3 to 255 letters, digits and _.-.
func isTable(name string) bool {
	return len(name) >= 3 && len(name) <= 255 && strings.Trim(name, alphanumeric+"_.-") == ""
}

// isSecret applies Secrets Manager's rule for names: 1 to 512 letters, digits and /_+=.@-. id may
// be an ARN, which ends with the name.
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

// checkNoToken refuses a token in a variable that is not a secret. It would be logged as a name.
func checkNoToken(getenv func(string) string) error {
	names := []string{
		"PARENT_SECRET_ID", "TOKEN_TABLE", "CONFIG_FILE", "STAGE", "STACK", "LOG_LEVEL",
	}
	for _, name := range names {
		for _, usage := range []string{"pk", "sk", "tk"} {
			// The payload is a JSON object in base64.
			if strings.HasPrefix(getenv(name), usage+".eyJ") {
				return fmt.Errorf("%s holds a token: store tokens in the parent secret only", name)
			}
		}
	}
	return nil
}

// Read reads the settings with getenv, which is [os.Getenv] outside tests. It finds region and
// credentials in variables only.
func Read(getenv func(string) string) (Settings, error) {
	return ReadWith(getenv, func(table bool) (AWS, error) { return readAWS(getenv, table) })
}

// ReadWith is Read for a program that finds region and credentials in another way. It calls load
// last. table says that the settings use DynamoDB.
func ReadWith(getenv func(string) string, load func(table bool) (AWS, error)) (Settings, error) {
	s := Settings{
		ParentSecretID: getenv("PARENT_SECRET_ID"),
		TokensAPIURL:   cmp.Or(getenv("TOKENS_API_URL"), "https://api.mapbox.com"),
		TokenTable:     getenv("TOKEN_TABLE"),
		ConfigFile:     getenv("CONFIG_FILE"),
		Stage:          cmp.Or(getenv("STAGE"), DefaultStage),
		Stack:          cmp.Or(getenv("STACK"), DefaultStack),
	}
	if err := s.checkNames(getenv); err != nil {
		return Settings{}, err
	}
	var err error
	if s.Instances, err = readInstances(getenv); err != nil {
		return Settings{}, err
	}
	if err := s.LogLevel.UnmarshalText([]byte(cmp.Or(getenv("LOG_LEVEL"), "INFO"))); err != nil {
		return Settings{}, errors.New("LOG_LEVEL must be DEBUG, INFO, WARN or ERROR")
	}
	if err := checkEndpoints(getenv); err != nil {
		return Settings{}, err
	}
	s.AWS, err = load(s.TokenTable != "")
	if err != nil {
		return Settings{}, err
	}
	s.AWS.NoEvents = strings.HasPrefix(getenv("AWS_ENDPOINT_URL_SECRETS_MANAGER"), "http:") &&
		getenv("AWS_ENDPOINT_URL_EVENTBRIDGE") == "" && getenv("AWS_ENDPOINT_URL") == ""
	return s, nil
}

// readInstances returns the most instances that there may be: those that are reserved, or an
// estimate from the limits of the routes, which have a + between them.
func readInstances(getenv func(string) string) (int, error) {
	var counts [2]int
	for i, name := range []string{"MINT_CONCURRENCY", "REQUESTS_PER_SECOND"} {
		for count := range strings.SplitSeq(cmp.Or(getenv(name), "0"), "+") {
			n, err := strconv.Atoi(count)
			if err != nil || n < 0 || n > mostCount {
				return 0, fmt.Errorf("%s must be a number from 0 to %d", name, mostCount)
			}
			counts[i] += n
		}
	}
	return cmp.Or(counts[0], counts[1]/perInstance), nil
}

// checkNames checks the settings that name something: the secret, Mapbox's API, the table and the
// policy file. It refuses a token in a variable first, so that no later message can show it.
func (s Settings) checkNames(getenv func(string) string) error {
	if s.ParentSecretID == "" {
		return errors.New(
			"PARENT_SECRET_ID is not set: it must name the secret that holds the parent token")
	}
	if err := checkNoToken(getenv); err != nil {
		return err
	}
	if !isSecret(s.ParentSecretID) {
		return errors.New("PARENT_SECRET_ID is neither the name nor the ARN of a secret")
	}
	if err := checkOrigin("TOKENS_API_URL", s.TokensAPIURL); err != nil {
		return err
	}
	if s.TokenTable != "" && !isTable(s.TokenTable) {
		return errors.New("TOKEN_TABLE must be the name of a DynamoDB table, not its ARN")
	}
	if s.ConfigFile != "" && !filepath.IsAbs(s.ConfigFile) {
		return errors.New("CONFIG_FILE must be an absolute path, such as /opt/tokenmint.yaml")
	}
	return nil
}

// checkEndpoints checks the SDK's variables for endpoints. The endpoint of Secrets Manager may have
// a path: that of `dev --live` is a secret.
func checkEndpoints(getenv func(string) string) error {
	const mayHavePath = "AWS_ENDPOINT_URL_SECRETS_MANAGER"
	for _, name := range []string{"AWS_ENDPOINT_URL", mayHavePath, "AWS_ENDPOINT_URL_DYNAMODB",
		"AWS_ENDPOINT_URL_EVENTBRIDGE"} {
		value := getenv(name)
		if value == "" {
			continue
		}
		if u, err := url.Parse(value); err == nil && name == mayHavePath {
			u.Path, u.RawPath = "", ""
			value = u.String()
		}
		if err := checkOrigin(name, value); err != nil {
			return err
		}
	}
	return nil
}

// checkOrigin refuses an address that is not a scheme, a host and a port. The error does not have
// the value, since it may contain a credential.
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
