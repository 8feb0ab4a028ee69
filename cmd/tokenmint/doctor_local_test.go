package main

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDoctorLocal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	says := func(text string) string { return "#!/bin/sh\necho '" + text + "'\n" }
	good := map[string]string{
		"git": says("git version 2.47.3"), "go": says("go version go1.26.8 linux/amd64"),
		"curl": says("curl 8.5.0 (x86_64)"), "sam": says("SAM CLI, version 1.150.0"),
		"aws": `#!/bin/sh
[ "$1" = sts ] && echo arn:aws:iam::123456789012:user/ann || echo aws-cli/2.31.0
`,
	}
	for name, tc := range map[string]struct {
		changed map[string]string // "" means missing
		wrong   bool
		says    string
	}{
		"all there": {nil, false, "note   docker is not installed"},
		"no sam": {map[string]string{"sam": ""}, true,
			"WRONG  sam is not installed; it builds and deploys the stack"},
		"old go": {map[string]string{"go": says("go version go1.9.7 linux/amd64")}, true,
			"WRONG  go has version 1.9.7, but needs 1.26 or later"},
		"new go": {map[string]string{"go": says("go version go2.0 linux/amd64")}, false,
			"ok     go 2.0"},
		"old curl": {map[string]string{"curl": says("curl 7.84.0 (x86_64)")}, true,
			"WRONG  curl has version 7.84.0, but needs 7.88 or later"},
		"odd curl": {map[string]string{"curl": says("what?")}, true,
			"WRONG  curl has version unknown"},
		"broken aws": {map[string]string{"aws": "#!/bin/sh\nexit 3\n"}, true,
			"WRONG  aws does not print its version"},
		"known": {nil, false, "ok     credentials: of arn:aws:iam::123456789012:user/ann"},
		"unknown": {map[string]string{"aws": "#!/bin/sh\n" +
			"[ $1 = --version ] && echo aws-cli/2.31.0\n"}, true,
			"WRONG  credentials: AWS refuses"},
		"no git": {map[string]string{"git": ""}, false, "note   git is not installed"},
		"scopes": {nil, false, "note   mapbox token: make one with datasets:read, "},
		"cases":  {nil, false, "ok     configuration: expected cases: "},
		"docker": {map[string]string{"docker": says("Docker version 28.2.2, build 1")}, false,
			"ok     docker 28.2.2"},
	} {
		t.Run(name, func(t *testing.T) {
			files := maps.Clone(good)
			maps.Copy(files, tc.changed)
			lookPath := func(tool string) (string, error) {
				if files[tool] == "" {
					return "", errors.New("not there")
				}
				path := filepath.Join(dir, strings.ReplaceAll(name, " ", "-")+"-"+tool)
				//nolint:gosec // G306: it is to be run
				return path, os.WriteFile(path, []byte(files[tool]), 0o700)
			}
			var out bytes.Buffer
			err := doctor{local: true, lookPath: lookPath}.run(t.Context(), &out, &out)
			if (err != nil) != tc.wrong || !strings.Contains(out.String(), tc.says) {
				t.Errorf("%s: %v, no %q in:\n%s", name, err, tc.says, out.String())
			}
		})
	}
}
