package setup_test

import (
	"io"
	"strings"
	"testing"

	"github.com/tokenmint/tokenmint/internal/setup"
)

// TestClockOfADeployedFunction: an instance that was frozen must count the time it slept, which the
// monotonic clock may not.
func TestClockOfADeployedFunction(t *testing.T) {
	t.Parallel()
	settings := map[string]string{
		"PARENT_SECRET_ID": "tokenmint/parent", "STAGE": "test", "STACK": "tokenmint",
		"AWS_REGION":        "eu-central-1",
		"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
	}
	parts, err := setup.FromEnvironment(func(name string) string { return settings[name] },
		io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if now := parts.Now().String(); strings.Contains(now, "m=") {
		t.Errorf("%s has a monotonic reading", now)
	}
}
