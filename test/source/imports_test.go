package source_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const module = "github.com/tokenmint/tokenmint/"

// The linter is large, so a plain `go test ./...` does not build it. `.ci/run lint` sets this flag.
var lint = flag.Bool("lint", false, "plant forbidden imports and expect golangci-lint to find them")

// A plant is a file in the directory in. The file contains one import that a rule forbids.
type plant struct{ in, imports string }

// plants has, for each rule of depguard, imports that no other rule forbids, because the linter
// reports one rule for each import. The imports of one rule contain no cycle, because a cycle
// cannot be loaded.
var plants = map[string][]plant{
	"tokens-use-the-standard-library-only": {
		{"pkg/tokens", module + "internal/secrets"},
		{"pkg/tokens", module + "internal/setup"},
		{"pkg/tokens", "go.yaml.in/yaml/v3"},
	},
	"tokensource-uses-the-standard-library-only": {
		{"pkg/tokensource", module + "internal/secrets"},
		{"pkg/tokensource", module + "pkg/tokensource/sigv4"},
		{"pkg/tokensource", "go.yaml.in/yaml/v3"},
	},
	"sigv4-uses-the-aws-sdk-only": {
		{"pkg/tokensource/sigv4", module + "pkg/tokensource"},
		{"pkg/tokensource/sigv4", "github.com/aws/aws-sdk-go-v2/service/sqs"},
	},
	"simulator-of-mapbox-uses-the-standard-library-only": {
		{"internal/sim/mapbox", module + "pkg/tokens"},
		{"internal/sim/mapbox", module + "config"},
		{"internal/sim/mapbox/draw", module + "pkg/tokens"},
	},
	"simulator-of-aws-uses-the-contract-only": {
		{"internal/sim/aws", module + "internal/secrets/awsstore"},
		{"internal/sim/aws", module + "internal/rotate"},
	},
	"config-uses-yaml-only": {
		{"config", module + "internal/mint"},
		{"config", module + "pkg/tokens"},
		{"config", "go.yaml.in/yaml/v3"},
		{"config/yaml", module + "internal/secrets"},
	},
	"telemetry-uses-lambda-only": {
		{"internal/telemetry", module + "internal/mint"},
		{"internal/telemetry", module + "pkg/tokens"},
	},
	"mint-uses-what-is-below-it": {
		{"internal/mint", module + "internal/rotate"},
		{"internal/mint", module + "internal/setup"},
		{"internal/mint", module + "internal/secrets/awsstore"},
		{"internal/mint", module + "internal/tokencache/dynamo"},
	},
	"rotate-uses-what-is-below-it": {
		{"internal/rotate", module + "internal/mint"},
		{"internal/rotate", module + "internal/setup"},
		{"internal/rotate", module + "internal/secrets/awsstore"},
		{"internal/rotate/model", module + "internal/mint"},
	},
	"contracts-use-what-is-below-them": {
		{"internal/secrets", module + "internal/secrets/awsstore"},
		{"internal/secrets", module + "internal/rotate"},
		{"internal/tokencache", module + "internal/mint"},
		{"internal/tokencache", module + "internal/setup"},
	},
	"adapters-receive-an-aws-config": {
		{"internal/secrets/awsstore", "os"},
		{"internal/secrets/awsstore", module + "internal/setup"},
		{"internal/secrets/awsstore", "github.com/aws/aws-sdk-go-v2/config"},
		{"internal/tokencache/dynamo", "os"},
		{"internal/tokencache/dynamo", module + "internal/setup"},
		{"internal/tokencache/dynamo", module + "internal/mint"},
	},
	"only-adapters-use-the-aws-sdk": {
		{"internal/anew", "github.com/aws/smithy-go"},
		{"internal/setup", "github.com/aws/aws-sdk-go-v2/service/secretsmanager"},
		{"functions/mint", "github.com/aws/aws-sdk-go-v2/config"},
		{"cmd/tokenmint", "github.com/aws/aws-sdk-go-v2/service/dynamodb"},
	},
	"no-double-is-linked-into-a-function": {
		{"functions/mint", module + "internal/sim/mapbox"},
		{"functions/rotate", module + "internal/sim/aws"},
		{"internal/setup", module + "internal/testkit/lambda"},
		{"internal/setup", module + "internal/secrets/storetest"},
		{"internal/anew", module + "internal/tokencache/storetest"},
	},
}

// Each rule finds the imports that are planted against it.
func TestLinterFindsForbiddenImports(t *testing.T) {
	t.Parallel()
	if !*lint {
		t.Skip("builds the linter; run with -lint")
	}
	rules := depguardRules(t)
	if len(rules) != len(plants) {
		t.Errorf("%d rules, %d of them with planted imports", len(rules), len(plants))
	}
	for _, rule := range rules {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			found := runDepguard(t, plants[rule])
			for i, p := range plants[rule] {
				isIt := func(line string) bool {
					return strings.HasPrefix(line, p.file(i)+":") &&
						strings.Contains(line, p.imports) &&
						strings.Contains(line, "'"+rule+"'")
				}
				if !slices.ContainsFunc(strings.Split(found, "\n"), isIt) {
					t.Errorf("%s imports %s: not found in\n%s", p.in, p.imports, found)
				}
			}
		})
	}
}

// depguardRules returns the names of the rules in .golangci.yml.
func depguardRules(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, ".golangci.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var settings struct {
		Linters struct {
			Settings struct {
				Depguard struct {
					Rules map[string]any
				}
			}
		}
	}
	if err := yaml.Unmarshal(text, &settings); err != nil {
		t.Fatal(err)
	}
	var names []string
	for name := range settings.Linters.Settings.Depguard.Rules {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// file returns the path of the planted file, which is number i of its rule.
func (p plant) file(i int) string { return fmt.Sprintf("%s/planted%d.go", p.in, i) }

// runDepguard writes the plants into a module that has this module's name and dependencies, and
// otherwise only empty packages. It returns the linter's output, one finding per line.
func runDepguard(t *testing.T, plants []plant) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"go.mod", "go.sum", ".golangci.yml"} {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name), string(text))
	}
	for i, p := range plants {
		name := filepath.Base(p.in)
		write(t, filepath.Join(dir, p.file(i)),
			fmt.Sprintf("package %s\n\nimport _ %q\n", name, p.imports))
		if imported, ok := strings.CutPrefix(p.imports, module); ok {
			stub := "package " + filepath.Base(imported) + "\n"
			write(t, filepath.Join(dir, imported, "stub.go"), stub)
		}
	}
	tools, err := filepath.Abs(filepath.Join(root, "tools/go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "tool", "-modfile="+tools, "golangci-lint", "run",
		"--enable-only=depguard", "--output.text.print-issued-lines=false", "./...")
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Error("the linter found nothing and returned status 0")
	}
	return string(out)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Neither function contains a simulator or another package for tests.
func TestFunctionsLinkNoDouble(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "./functions/...")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	linked := strings.Fields(string(out))
	for _, want := range []string{"functions/mint", "functions/rotate", "internal/setup"} {
		if !slices.Contains(linked, module+want) {
			t.Errorf("go list does not name %s", want)
		}
	}
	for _, name := range linked {
		for _, double := range []string{"internal/sim", "internal/testkit", "storetest"} {
			if strings.HasPrefix(name, module) && strings.Contains(name, double) {
				t.Errorf("a function links %s", name)
			}
		}
		if name == "testing" || name == "net/http/httptest" {
			t.Errorf("a function links %s", name)
		}
	}
}
