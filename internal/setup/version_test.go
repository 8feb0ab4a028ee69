package setup_test

import (
	"io"
	"testing"

	"github.com/tokenmint/tokenmint/internal/setup"
)

// TestMetricsCarryTheVersion: the alarms that undo a deployment watch the version that Lambda
// names.
func TestMetricsCarryTheVersion(t *testing.T) {
	t.Parallel()
	variables := map[string]string{
		"PARENT_SECRET_ID": "parent", "AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "none",
		"AWS_SECRET_ACCESS_KEY":       "none",
		"AWS_LAMBDA_FUNCTION_VERSION": "7",
	}
	parts, err := setup.FromEnvironment(func(name string) string { return variables[name] },
		io.Discard)
	if err != nil || parts.Metrics.Version != "7" {
		t.Errorf("version %q: %v", parts.Metrics.Version, err)
	}
}
