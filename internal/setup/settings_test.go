package setup_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/tokenmint/tokenmint/internal/setup"
)

// onLambda is the least that a function finds.
var onLambda = map[string]string{
	"PARENT_SECRET_ID":      "tokenmint/parent",
	"AWS_REGION":            "eu-central-1",
	"AWS_ACCESS_KEY_ID":     "key",
	"AWS_SECRET_ACCESS_KEY": "SENTINEL-secret",
	"AWS_SESSION_TOKEN":     "SENTINEL-session",
}

// read reads the variables: those of base, but with changes, where "" is a variable that is not
// set.
func read(base, changes map[string]string) (setup.Settings, error) {
	return setup.Read(func(name string) string {
		if value, ok := changes[name]; ok {
			return value
		}
		return base[name]
	})
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	s, err := read(onLambda, nil)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := s.AWS.Credentials.Retrieve(t.Context())
	want := aws.Credentials{
		AccessKeyID:     onLambda["AWS_ACCESS_KEY_ID"],
		SecretAccessKey: onLambda["AWS_SECRET_ACCESS_KEY"],
		SessionToken:    onLambda["AWS_SESSION_TOKEN"],
		Source:          "environment",
	}
	if err != nil || keys != want {
		t.Errorf("credentials are not those of the environment, %v", err)
	}
	s.AWS.Credentials = nil
	wanted := setup.Settings{Stage: "dev", Stack: "tokenmint", LogLevel: slog.LevelInfo}
	wanted.ParentSecretID, wanted.AWS.Region = onLambda["PARENT_SECRET_ID"], onLambda["AWS_REGION"]
	wanted.TokensAPIURL = "https://api.mapbox.com"
	if s != wanted {
		t.Errorf("got %+v, want %+v", s, wanted)
	}
}

// TestVariables: each variable, set, has its place and changes nothing else.
func TestVariables(t *testing.T) {
	t.Parallel()
	const local, secure = "http://127.0.0.1:4566", "https://vpce.example"
	const arn = "arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:tokenmint/parent-AbCdEf"
	const every = "Az09/_+=.@-"
	short, long := "t-1", "Az09_-."+strings.Repeat("t", 248)
	for _, c := range []struct {
		changes map[string]string
		want    func(*setup.Settings)
	}{
		{map[string]string{"PARENT_SECRET_ID": "other"},
			func(s *setup.Settings) { s.ParentSecretID = "other" }},
		{map[string]string{"PARENT_SECRET_ID": arn},
			func(s *setup.Settings) { s.ParentSecretID = arn }},
		{map[string]string{"PARENT_SECRET_ID": every},
			func(s *setup.Settings) { s.ParentSecretID = every }},
		{map[string]string{"TOKENS_API_URL": local},
			func(s *setup.Settings) { s.TokensAPIURL = local }},
		{map[string]string{"TOKENS_API_URL": local + "/"},
			func(s *setup.Settings) { s.TokensAPIURL = local + "/" }},
		{map[string]string{"TOKEN_TABLE": short}, func(s *setup.Settings) { s.TokenTable = short }},
		{map[string]string{"TOKEN_TABLE": long}, func(s *setup.Settings) { s.TokenTable = long }},
		{map[string]string{"MINT_CONCURRENCY": "0"}, func(*setup.Settings) {}},
		{map[string]string{"MINT_CONCURRENCY": "2000"},
			func(s *setup.Settings) { s.Instances = 2000 }},
		{map[string]string{"REQUESTS_PER_SECOND": "9"}, func(*setup.Settings) {}},
		{map[string]string{"REQUESTS_PER_SECOND": "10000"},
			func(s *setup.Settings) { s.Instances = 1000 }},
		{map[string]string{"REQUESTS_PER_SECOND": "200+0+0+50"},
			func(s *setup.Settings) { s.Instances = 25 }},
		{map[string]string{"REQUESTS_PER_SECOND": "10000", "MINT_CONCURRENCY": "0"},
			func(s *setup.Settings) { s.Instances = 1000 }},
		{map[string]string{"REQUESTS_PER_SECOND": "10000", "MINT_CONCURRENCY": "20"},
			func(s *setup.Settings) { s.Instances = 20 }},
		{map[string]string{"CONFIG_FILE": "/opt/tokenmint.yaml"},
			func(s *setup.Settings) { s.ConfigFile = "/opt/tokenmint.yaml" }},
		{map[string]string{"STAGE": "prod"}, func(s *setup.Settings) { s.Stage = "prod" }},
		{map[string]string{"STACK": "maps"}, func(s *setup.Settings) { s.Stack = "maps" }},
		{map[string]string{"LOG_LEVEL": "DEBUG"},
			func(s *setup.Settings) { s.LogLevel = slog.LevelDebug }},
		{map[string]string{"LOG_LEVEL": "warn"},
			func(s *setup.Settings) { s.LogLevel = slog.LevelWarn }},
		{map[string]string{"AWS_REGION": "us-west-2"},
			func(s *setup.Settings) { s.AWS.Region = "us-west-2" }},
		{map[string]string{"AWS_DEFAULT_REGION": "us-west-2"}, func(*setup.Settings) {}},
		{map[string]string{"AWS_REGION": "", "AWS_DEFAULT_REGION": "us-west-2"},
			func(s *setup.Settings) { s.AWS.Region = "us-west-2" }},
		{map[string]string{"AWS_ENDPOINT_URL": local}, func(s *setup.Settings) {
			s.AWS.SecretsManagerEndpoint, s.AWS.DynamoDBEndpoint = local, local
			s.AWS.EventBridgeEndpoint = local
		}},
		{map[string]string{"AWS_ENDPOINT_URL_SECRETS_MANAGER": local}, func(s *setup.Settings) {
			s.AWS.SecretsManagerEndpoint, s.AWS.NoEvents = local, true
		}},
		{map[string]string{"AWS_ENDPOINT_URL_SECRETS_MANAGER": secure},
			func(s *setup.Settings) { s.AWS.SecretsManagerEndpoint = secure }},
		{map[string]string{"AWS_ENDPOINT_URL_SECRETS_MANAGER": local,
			"AWS_ENDPOINT_URL_EVENTBRIDGE": local}, func(s *setup.Settings) {
			s.AWS.SecretsManagerEndpoint, s.AWS.EventBridgeEndpoint = local, local
		}},
		{map[string]string{"AWS_ENDPOINT_URL_DYNAMODB": local},
			func(s *setup.Settings) { s.AWS.DynamoDBEndpoint = local }},
		{map[string]string{"AWS_ENDPOINT_URL": "https://all.example",
			"AWS_ENDPOINT_URL_DYNAMODB": local}, func(s *setup.Settings) {
			s.AWS.SecretsManagerEndpoint, s.AWS.DynamoDBEndpoint = "https://all.example", local
			s.AWS.EventBridgeEndpoint = "https://all.example"
		}},
		{map[string]string{"AWS_ENDPOINT_URL": "https://all.example",
			"AWS_ENDPOINT_URL_SECRETS_MANAGER": local}, func(s *setup.Settings) {
			s.AWS.SecretsManagerEndpoint, s.AWS.DynamoDBEndpoint = local, "https://all.example"
			s.AWS.EventBridgeEndpoint = "https://all.example"
		}},
	} {
		t.Run(fmt.Sprint(c.changes), func(t *testing.T) {
			want, err := read(onLambda, nil)
			if err != nil {
				t.Fatal(err)
			}
			c.want(&want)
			got, err := read(onLambda, c.changes)
			if err != nil {
				t.Errorf("%v: %v", c.changes, err)
			}
			got.AWS.Credentials, want.AWS.Credentials = nil, nil
			if got != want {
				t.Errorf("%v: got %+v, want %+v", c.changes, got, want)
			}
		})
	}
}

// TestWrong: one sentence that names the variable, and no value that may be a secret.
func TestWrong(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, value, says string }{
		{"PARENT_SECRET_ID", "", "is not set"},
		{"PARENT_SECRET_ID", " tokenmint/parent", "is neither the name nor the ARN of a secret"},
		{"PARENT_SECRET_ID", strings.Repeat("p", 513),
			"is neither the name nor the ARN of a secret"},
		{"PARENT_SECRET_ID", "arn:aws:dynamodb:eu-central-1:1:table/tokens",
			"is neither the name nor the ARN of a secret"},
		{"PARENT_SECRET_ID", `{"token":"SENTINEL"}`, "is neither the name nor the ARN of a secret"},
		{"PARENT_SECRET_ID", "sk.eyJ1SENTINEL.signature", "holds a token"},
		{"TOKEN_TABLE", "tk.eyJ1SENTINEL.signature", "holds a token"},
		{"STAGE", "sk.eyJ1SENTINEL.signature", "holds a token"},
		{"STACK", "pk.eyJ1SENTINEL.signature", "holds a token"},
		{"LOG_LEVEL", "sk.eyJ1SENTINEL.signature", "holds a token"},
		{"TOKENS_API_URL", "api.mapbox.com", "is not an http or https address"},
		{"TOKENS_API_URL", "ftp://api.mapbox.com", "is not an http or https address"},
		{"TOKENS_API_URL", "https://", "is not an http or https address"},
		{"TOKENS_API_URL", "https://%zz", "is not an http or https address"},
		{"TOKENS_API_URL", "https://u:SENTINEL@api.mapbox.com", "must end after the host"},
		{"TOKENS_API_URL", "https://api.mapbox.com/tokens", "must end after the host"},
		{"TOKENS_API_URL", "https://api.mapbox.com?access_token=SENTINEL",
			"must end after the host"},
		{"TOKENS_API_URL", "https://api.mapbox.com#SENTINEL", "must end after the host"},
		{"TOKEN_TABLE", "ab", "must be the name of a DynamoDB table"},
		{"TOKEN_TABLE", strings.Repeat("t", 256), "must be the name of a DynamoDB table"},
		{"TOKEN_TABLE", "SENTINEL with a space", "must be the name of a DynamoDB table"},
		{"TOKEN_TABLE", "to kens", "must be the name of a DynamoDB table"},
		{"TOKEN_TABLE", "tokens\n", "must be the name of a DynamoDB table"},
		{"TOKEN_TABLE", "arn:aws:dynamodb:eu-central-1:1:table/tokens",
			"must be the name of a DynamoDB table"},
		{"MINT_CONCURRENCY", "SENTINEL", "must be a number from 0 to 1000000"},
		{"MINT_CONCURRENCY", "-1", "must be a number from 0 to 1000000"},
		{"MINT_CONCURRENCY", "1e3", "must be a number from 0 to 1000000"},
		{"MINT_CONCURRENCY", "99999999999999999999", "must be a number from 0 to 1000000"},
		{"REQUESTS_PER_SECOND", "SENTINEL", "must be a number from 0 to 1000000"},
		{"REQUESTS_PER_SECOND", "-1", "must be a number from 0 to 1000000"},
		{"REQUESTS_PER_SECOND", "200+", "must be a number from 0 to 1000000"},
		{"CONFIG_FILE", "tk.eyJ1SENTINEL.signature", "holds a token"},
		{"CONFIG_FILE", "SENTINEL.yaml", "must be an absolute path"},
		{"CONFIG_FILE", "./opt/SENTINEL.yaml", "must be an absolute path"},
		{"CONFIG_FILE", "~/SENTINEL.yaml", "must be an absolute path"},
		{"LOG_LEVEL", "SENTINEL", "must be DEBUG, INFO, WARN or ERROR"},
		{"LOG_LEVEL", "verbose", "must be DEBUG, INFO, WARN or ERROR"},
		{"AWS_REGION", "", "is not set"},
		{"AWS_ACCESS_KEY_ID", "", "is not set"},
		{"AWS_SECRET_ACCESS_KEY", "", "is not set"},
		{"AWS_ENDPOINT_URL", "localhost:4566", "is not an http or https address"},
		{"AWS_ENDPOINT_URL", "http://localhost:4566?SENTINEL", "must end after the host"},
		{"AWS_ENDPOINT_URL_SECRETS_MANAGER", "localhost:4566", "is not an http or https address"},
		{"AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://SENTINEL@localhost",
			"must end after the host"},
		{"AWS_ENDPOINT_URL_DYNAMODB", "localhost:4566", "is not an http or https address"},
		{"AWS_ENDPOINT_URL_DYNAMODB", "http://localhost/SENTINEL", "must end after the host"},
	} {
		t.Run(c.name+"="+c.value, func(t *testing.T) {
			s, err := read(onLambda, map[string]string{c.name: c.value})
			switch {
			case err == nil:
				t.Errorf("%s=%q is accepted", c.name, c.value)
			case !strings.Contains(err.Error(), c.name) || !strings.Contains(err.Error(), c.says):
				t.Errorf("%s=%q: error %v does not have %q", c.name, c.value, err, c.says)
			case strings.Contains(err.Error(), "SENTINEL"):
				t.Errorf("%s: the error has the value", c.name)
			case s != setup.Settings{}:
				t.Errorf("%s=%q: an error, and settings", c.name, c.value)
			}
		})
	}
}

// TestPlaceholders: only where every service in use is a double may region and credentials be made
// up.
func TestPlaceholders(t *testing.T) {
	t.Parallel()
	const local = "http://127.0.0.1:8789"
	for title, c := range map[string]struct {
		variables map[string]string
		enough    bool
	}{
		"no endpoint": {map[string]string{}, false},
		"secrets only, no table": {
			map[string]string{"AWS_ENDPOINT_URL_SECRETS_MANAGER": local}, true},
		"secrets only, and a table": {
			map[string]string{"AWS_ENDPOINT_URL_SECRETS_MANAGER": local, "TOKEN_TABLE": "tokens"},
			false},
		"table only": {map[string]string{"AWS_ENDPOINT_URL_DYNAMODB": local,
			"TOKEN_TABLE": "tokens"}, false},
		"both": {map[string]string{"AWS_ENDPOINT_URL": local,
			"TOKEN_TABLE": "tokens"}, true},
		"table's endpoint, but no table": {map[string]string{"AWS_ENDPOINT_URL_DYNAMODB": local},
			false},
	} {
		t.Run(title, func(t *testing.T) {
			c.variables["PARENT_SECRET_ID"] = "tokenmint/parent"
			s, err := read(nil, c.variables)
			if (err == nil) != c.enough {
				t.Errorf("%s: error is %v, want one: %t", title, err, !c.enough)
			}
			if err != nil {
				return
			}
			keys, err := s.AWS.Credentials.Retrieve(t.Context())
			if err != nil || !keys.HasKeys() || s.AWS.Region != "us-east-1" {
				t.Errorf("%s: region %q, keys are there: %t, %v", title, s.AWS.Region,
					keys.HasKeys(), err)
			}
			c.variables["AWS_REGION"], c.variables["AWS_ACCESS_KEY_ID"],
				c.variables["AWS_SECRET_ACCESS_KEY"] = "eu-west-1", "own", "own"
			if s, err = read(nil, c.variables); err != nil {
				t.Fatal(err)
			}
			if keys, err = s.AWS.Credentials.Retrieve(t.Context()); err != nil ||
				keys.AccessKeyID != "own" || s.AWS.Region != "eu-west-1" {
				t.Errorf("%s: one's own region and keys are not used: %q, %v", title, s.AWS.Region,
					err)
			}
		})
	}
}
