package aws_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// bare returns a folder with the one program that the script needs before it looks for programs.
func bare(t *testing.T) string {
	t.Helper()
	dir, program := t.TempDir(), "dirname"
	file, err := exec.LookPath(program)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(file, filepath.Join(dir, program)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestRefusals: the script refuses in one line, before it asks AWS or Mapbox.
func TestRefusals(t *testing.T) {
	t.Parallel()
	given := []string{
		"AWS_REGION=us-east-1", "MAPBOX_USERNAME=dev", "MAPBOX_ACCESS_TOKEN=sk.SENTINEL",
	}
	for name, tc := range map[string]struct {
		env, args []string
		says      string
	}{
		"nothing is set": {nil, nil,
			"set MAPBOX_USERNAME MAPBOX_ACCESS_TOKEN AWS_REGION: --help says what they are"},
		"no token": {given[:2], []string{"--yes"}, "set MAPBOX_ACCESS_TOKEN: "},
		"a public token": {append(given, "MAPBOX_ACCESS_TOKEN=pk.SENTINEL"), nil,
			"MAPBOX_ACCESS_TOKEN must be a secret token"},
		"another step":      {given, []string{"deploy", "drill"}, "there is no step drill: "},
		"another flag":      {given, []string{"--no"}, "there is no step --no: "},
		"no folder":         {given, []string{"--files"}, "--files wants a folder"},
		"a JWT of nobody":   {append(given, "JWT=SENTINEL"), nil, "JWT needs JWT_ISSUER"},
		"traces are off":    {append(given, "SHELLOPTS=xtrace"), []string{"drill"}, "no step"},
		"a missing program": {append(given, "PATH="+bare(t)), nil, "aws is not installed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"run"}, tc.args...)
			cmd := exec.CommandContext(t.Context(), "/bin/bash", args...)
			cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, tc.env...)
			out, err := cmd.CombinedOutput()
			text := strings.TrimSpace(string(out))
			if err == nil || !strings.Contains(text, tc.says) ||
				strings.Contains(text, "SENTINEL") {
				t.Errorf("%v: %s, want %s", err, text, tc.says)
			}
			if lines := strings.Count(text, "\n"); lines > 0 && name != "traces are off" {
				t.Errorf("%d lines: %s", lines+1, text)
			}
		})
	}
}
