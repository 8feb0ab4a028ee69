//go:build samples

package docs_test

import (
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tokenmint/tokenmint/test/dev"
	"github.com/tokenmint/tokenmint/test/docs/fence"
)

const samLocal = "docs/sam-local.md" // TestSampleSAMLocal runs it

// startsDev reports whether a block starts dev, which runs until it is interrupted.
func startsDev(block fence.Block) bool {
	return strings.HasPrefix(strings.TrimPrefix(block.Text, "go run ./cmd/"), "tokenmint dev")
}

// TestSamplePages runs the `sh` blocks of README.md and of the pages in docs/, in their order, as
// in one terminal: what a block exports is there for the next. A block that starts dev runs until
// the page's end. The command is in the PATH, as docs/install.md puts it there.
func TestSamplePages(t *testing.T) { //nolint:paralleltest // the pages name ports
	bin := filepath.Dir(dev.Build(t, root))
	for _, page := range pages(t) {
		if page != "README.md" && !strings.HasPrefix(page, "docs/") || page == samLocal {
			continue
		}
		t.Run(page, func(t *testing.T) {
			exports := filepath.Join(t.TempDir(), "exports")
			// curl ends with 0 after a reply of 404.
			begin := "PATH=" + bin + ":$PATH\n! [ -f " + exports + " ] || . " + exports +
				"\ncurl() { command curl --fail-with-body \"$@\"; }\n"
			var output []byte
			for _, block := range blocksOf(t, page, "sh", "text output") {
				switch {
				case block.Kind == "text output":
					wantOutput(t, block, string(output))
				case startsDev(block):
					dev.StartSample(t, root, block.Text)
				default:
					output = shell(t, block, begin+block.Text+"export -p >"+exports+"\n")
				}
			}
		})
	}
}

// wantOutput compares the output of a block with the next block, where … stands for what differs. A
// line of … alone stands for any lines.
func wantOutput(t *testing.T, want fence.Block, got string) {
	t.Helper()
	pattern := strings.ReplaceAll(regexp.QuoteMeta(want.Text), "\n…\n", "\n(?s:.*)\n")
	pattern = strings.ReplaceAll(pattern, "…", ".*")
	if !regexp.MustCompile("^" + pattern + "$").MatchString(got) {
		t.Errorf("%s:%d: the command prints\n%s", want.Page, want.Line, dev.Show([]byte(got)))
	}
}

// shell runs a script for a block and returns its standard output.
func shell(t *testing.T, block fence.Block, script string) []byte {
	t.Helper()
	var stdout, stderr strings.Builder
	bash := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", script)
	bash.Dir, bash.Stdout, bash.Stderr = root, &stdout, &stderr
	if err := bash.Run(); err != nil {
		t.Fatalf("%s:%d: %v\n%s\n%s", block.Page, block.Line, err, block.Text,
			dev.Show([]byte(stdout.String()+stderr.String())))
	}
	return []byte(stdout.String())
}

// TestSampleCommands runs the samples that need an AWS account. Stand-ins check the commands that
// they call. It needs a python3 with the SAM CLI and botocore, as .ci/run installs it.
func TestSampleCommands(t *testing.T) {
	t.Parallel()
	python := exec.CommandContext(t.Context(), "python3", "-c", "import botocore, samcli")
	if out, err := python.CombinedOutput(); err != nil {
		t.Fatalf("put .cache/venv/bin, as .ci/run makes it, into the PATH: %v\n%s", err, out)
	}
	server := httptest.NewServer(reply(200, mintJSON, `{"token":"tk.eyJ1.sig","expires_in":3599}`))
	t.Cleanup(server.Close)
	env := append(standins(t), awsVariables...)
	env = append(env, "MINT_URL="+server.URL, "PARENT_SECRET_ID=tokenmint/prod/parent",
		"TOKEN_TABLE=table", "SCHEDULE_NAME=schedule",
		"MINT_FUNCTION=tokenmint-mint", "ROTATE_FUNCTION=tokenmint-rotate",
		"UNDONE_QUEUE_URL=https://sqs.eu-west-1.amazonaws.com/123456789012/undone",
		"ROUTES=iam:public",
		"EARLIER=0a1b", "CURRENT=2c3d",
		"STACK=tokenmint", "STAGE=prod", "JWT=e30.e30.c2ln", "BUCKET=releases")
	for _, block := range blocks(t, "sh aws") {
		t.Run(fmt.Sprintf("%s:%d", block.Page, block.Line), func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "tokenmint")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			bash := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", block.Text)
			bash.Dir, bash.Env = dir, env
			if out, err := bash.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s\n%s", err, block.Text, out)
			}
		})
	}
}

// standins returns the environment in which the stand-ins are found first.
func standins(t *testing.T) []string {
	t.Helper()
	bin := t.TempDir()
	script, err := filepath.Abs("standin.py")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"aws", "sam", "git", "go", "sha256sum", "diff", "tokenmint", "gh",
		"brew", "sudo", "zip", "chmod", "terraform", "npm", "npx"} {
		if err := os.Symlink(script, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	repository, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	tool, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	return []string{
		"PATH=" + bin + ":" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "SAM_CLI_TELEMETRY=0",
		"ROOT=" + repository, "TOKENMINT=" + dev.Build(t, root), "GO=" + tool,
	}
}
