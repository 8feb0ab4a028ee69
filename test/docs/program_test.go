package docs_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/tokenmint/tokenmint/test/docs/fence"
)

// isOnThePageOfPipelines: TestPage of test/callers runs the blocks of that page, one of each kind.
func isOnThePageOfPipelines(t *testing.T, b fence.Block) {
	t.Helper()
	if all := blocksOf(t, b.Page, b.Kind); b.Page != "docs/pipelines.md" || len(all) != 1 {
		t.Errorf("%s:%d: nothing runs this sample", b.Page, b.Line)
	}
}

// isOnThePageOfTheSimulator: TestSimulatorPage of test/clients runs the blocks of that page.
func isOnThePageOfTheSimulator(t *testing.T, b fence.Block) {
	t.Helper()
	if b.Page != "docs/simulator.md" {
		t.Errorf("%s:%d: nothing runs this sample", b.Page, b.Line)
	}
}

// isProgram: TestPage of test/callers runs the program on the page of pipelines. The lines of
// README.md compile.
func isProgram(t *testing.T, b fence.Block) {
	t.Helper()
	if b.Page != "README.md" {
		isOnThePageOfPipelines(t, b)
		return
	}
	program := "package main\n\nimport (\n\"log\"\n\"net/http\"\n\n" +
		"\"github.com/tokenmint/tokenmint/pkg/tokensource\"\n)\n\n" +
		"func main() {\nsigned := http.DefaultClient\n" + b.Text + "log.Print(client, err)\n}\n"
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	vet := exec.CommandContext(t.Context(), "go", "vet", file)
	vet.Dir = root
	if out, err := vet.CombinedOutput(); err != nil {
		t.Errorf("%s:%d: %v: %s", b.Page, b.Line, err, out)
	}
}
