//go:build samples

package docs_test

import (
	"os/exec"
	"testing"
)

// TestSampleSession runs the example of an authorizer with the events of API Gateway.
func TestSampleSession(t *testing.T) {
	t.Parallel()
	node := exec.CommandContext(t.Context(), "node", "--test", "session.test.mjs")
	if out, err := node.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
