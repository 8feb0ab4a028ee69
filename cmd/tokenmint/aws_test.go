package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// awsHome sets up the AWS files of a user. No AWS service is reachable.
func awsHome(t *testing.T, config, credentials string) {
	t.Helper()
	home := t.TempDir()
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "") // restores it after the test
			_ = os.Unsetenv(name)
		}
	}
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(home, ".aws", "config"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(home, ".aws", "credentials"))
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("PARENT_SECRET_ID", "tokenmint/parent")
	if err := os.MkdirAll(filepath.Join(home, ".aws"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"config": config, "credentials": credentials} {
		if err := os.WriteFile(filepath.Join(home, ".aws", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

const keys = "[default]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = secret\n"

// TestAWSConfiguration: it comes from the same places as in every AWS tool.
func TestAWSConfiguration(t *testing.T) {
	for name, tc := range map[string]struct {
		config, credentials string
		set                 []string
		region, key         string
	}{
		"default profile": {"[default]\nregion = eu-central-1\n", keys, nil, "eu-central-1",
			"AKIDEXAMPLE"},
		"named profile": {"[profile maps]\nregion = eu-west-1\naws_access_key_id = AKIDMAPS\n" +
			"aws_secret_access_key = s\n", keys,
			[]string{"AWS_PROFILE", "maps"}, "eu-west-1", "AKIDMAPS"},
		"variables first": {"[default]\nregion = eu-central-1\n", keys,
			[]string{"AWS_REGION", "us-west-2", "AWS_ACCESS_KEY_ID", "AKIDENV",
				"AWS_SECRET_ACCESS_KEY", "s"}, "us-west-2", "AKIDENV"},
		"a process": {"[default]\nregion = eu-central-1\n" +
			`credential_process = echo '{"Version":1,"AccessKeyId":"AKIDPROC",` +
			`"SecretAccessKey":"s"}'` + "\n",
			"", nil, "eu-central-1", "AKIDPROC"},
		"a dev, and nothing of AWS": {"", "", []string{"AWS_ENDPOINT_URL_SECRETS_MANAGER",
			"http://127.0.0.1:8789"}, "us-east-1", "local"},
		"a dev, and a profile that is gone": {"", "",
			[]string{"AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://localhost:8789/path",
				"AWS_PROFILE", "gone"}, "us-east-1", "local"},
	} {
		t.Run(name, func(t *testing.T) {
			awsHome(t, tc.config, tc.credentials)
			for i := 0; i < len(tc.set); i += 2 {
				t.Setenv(tc.set[i], tc.set[i+1])
			}
			start := time.Now()
			settings, err := readSettings(t.Context(), os.Getenv)
			if err != nil {
				t.Fatal(err)
			}
			got, err := settings.AWS.Credentials.Retrieve(t.Context())
			if err != nil || got.AccessKeyID != tc.key || settings.AWS.Region != tc.region {
				t.Errorf("region %s, key %s, %v", settings.AWS.Region, got.AccessKeyID, err)
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

// TestWrongAWSConfiguration: the error says in one sentence what to do.
func TestWrongAWSConfiguration(t *testing.T) {
	sso := "[profile maps]\nregion = eu-central-1\nsso_session = corp\n" +
		"sso_account_id = 123456789012\nsso_role_name = dev\n" +
		"[sso-session corp]\nsso_start_url = https://corp.example/start\n" +
		"sso_region = eu-central-1\n"
	old := "[default]\nregion = eu-central-1\nsso_start_url = https://corp.example/start\n" +
		"sso_region = eu-central-1\n" +
		"sso_account_id = 123456789012\nsso_role_name = dev\n"
	region := []string{"AWS_REGION", "eu-central-1"}
	for name, tc := range map[string]struct {
		config, credentials string
		set                 []string
		says                string
	}{
		"no credentials": {"", "", region, "no AWS credentials were found: set AWS_PROFILE"},
		"no region":      {"", keys, nil, "no AWS region is set: set AWS_REGION"},
		"no such profile": {"", keys, append(region, "AWS_PROFILE", "gone"),
			`AWS has no profile "gone"`},
		"no SSO session": {sso, "", []string{"AWS_PROFILE", "maps"},
			"run aws sso login --profile maps"},
		"MFA": {"[profile maps]\nregion = eu-central-1\n" +
			"role_arn = arn:aws:iam::123456789012:role/x\nsource_profile = default\n" +
			"mfa_serial = arn:aws:iam::123456789012:mfa/ann\n", keys,
			[]string{"AWS_PROFILE", "maps"}, "needs an MFA code"},
		"no SSO session v1": {old, "", nil, "run aws sso login"},
		"no web identity": {"", "", append(region, "AWS_WEB_IDENTITY_TOKEN_FILE", "/none/token",
			"AWS_ROLE_ARN", "arn:aws:iam::1:role/x"),
			"AWS gives no credentials"},
		"a broken setting": {"", keys, append(region, "AWS_MAX_ATTEMPTS", "many"),
			"load the AWS configuration"},
		"a broken process": {"[default]\nregion = eu-central-1\ncredential_process = false\n", "",
			nil, "AWS gives no credentials"},
		"a remote endpoint": {"", "", append(region, "AWS_ENDPOINT_URL_SECRETS_MANAGER",
			"https://vpce.example"), "no AWS credentials"},
		"a dev and a table": {"", "", append(region, "AWS_ENDPOINT_URL_SECRETS_MANAGER",
			"http://127.0.0.1:1", "TOKEN_TABLE", "shared"), "no AWS credentials"},
	} {
		t.Run(name, func(t *testing.T) {
			awsHome(t, tc.config, tc.credentials)
			for i := 0; i < len(tc.set); i += 2 {
				t.Setenv(tc.set[i], tc.set[i+1])
			}
			_, err := readSettings(t.Context(), os.Getenv)
			if err == nil || !strings.Contains(err.Error(), tc.says) ||
				strings.Contains(err.Error(), "\n") {
				t.Errorf("%v, want %q", err, tc.says)
			}
		})
	}
}
