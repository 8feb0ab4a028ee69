package docs_test

import (
	"encoding/json"
	"maps"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/test/docs/fence"
)

// blocks are those of all pages that are of one of the kinds.
func blocks(t *testing.T, kinds ...string) []fence.Block {
	t.Helper()
	var all []fence.Block
	for _, page := range append(pages(t), "CHANGELOG.md") {
		all = append(all, blocksOf(t, page, kinds...)...)
	}
	if len(all) == 0 {
		t.Fatalf("no page has a block of %v", kinds)
	}
	return all
}

// blocksOf returns the blocks of a page that are of one of the kinds.
func blocksOf(t *testing.T, page string, kinds ...string) []fence.Block {
	t.Helper()
	all, err := fence.Read(page, read(t, page))
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(b fence.Block) bool {
		return !slices.Contains(kinds, b.Kind)
	})
}

// runners has, for each kind of block, what checks here that the block is run, or what it says.
var runners = map[string]func(*testing.T, fence.Block){
	"sh":      isOfARunPage, // TestSamplePages or TestSampleSAMLocal runs it
	"sh aws":  isShell,      // TestSampleCommands runs it
	"sh ci":   isInCI,
	"sh long": hasSmallerForm,
	"js":      isOfTheClient,

	"yaml github":    isOnThePageOfPipelines,
	"yaml gitlab":    isOnThePageOfPipelines,
	"yaml codebuild": isOnThePageOfPipelines,
	"go":             isProgram,
	"js before":      isRecipe,
	"js recipe":      isRecipe,
	"html recipe":    isRecipe,
	"http recipe":    isRecipe,
	"js simulator":   isOnThePageOfTheSimulator,
	"go simulator":   isOnThePageOfTheSimulator,

	"json":        isJSON,
	"yaml":        isConfiguration,
	"text":        isReplyOrQuery,
	"text output": isAfterItsCommand, // TestSamplePages compares it
	"mermaid":     isDiagram,
	"hcl":         isOfTheModule,
	"ts":          isOfTheExample,
}

func TestEveryBlockHasARunner(t *testing.T) {
	t.Parallel()
	if known := slices.Sorted(maps.Keys(runners)); !slices.Equal(known,
		slices.Sorted(slices.Values(fence.Kinds))) {
		t.Fatalf("there are runners for %v, but the kinds are %v", known, fence.Kinds)
	}
	for _, block := range blocks(t, fence.Kinds...) {
		runners[block.Kind](t, block)
	}
}

func isShell(t *testing.T, b fence.Block) {
	t.Helper()
	bash := exec.CommandContext(t.Context(), "bash", "-n")
	bash.Stdin = strings.NewReader(b.Text)
	if out, err := bash.CombinedOutput(); err != nil {
		t.Errorf("%s:%d: %v: %s", b.Page, b.Line, err, out)
	}
}

// isOfARunPage: the blocks of README.md and of the pages in docs/ are run, and no others.
func isOfARunPage(t *testing.T, b fence.Block) {
	t.Helper()
	isShell(t, b)
	if b.Page != "README.md" && !strings.HasPrefix(b.Page, "docs/") {
		t.Errorf("%s:%d: nothing runs the sh blocks of this page", b.Page, b.Line)
	}
}

// isInCI: .ci/run runs each line, the whole of what -short leaves out, or it is the line with steps
// that .ci/run has.
func isInCI(t *testing.T, b fence.Block) {
	t.Helper()
	ci := read(t, ".ci/run")
	for line := range strings.Lines(b.Text) {
		line = strings.TrimSpace(line)
		command, steps, isStep := strings.Cut(line, ".ci/run")
		for step := range strings.FieldsSeq(steps) {
			if !strings.Contains(ci, "\n"+step+"() { # ") {
				t.Errorf("%s:%d: .ci/run has no step %s", b.Page, b.Line, step)
			}
		}
		if command != "" && (isStep ||
			!strings.Contains(ci, "\n\t"+strings.Replace(line, " -short", "", 1)+"\n")) {
			t.Errorf("%s:%d: .ci/run does not run %s", b.Page, b.Line, line)
		}
	}
}

// isAfterItsCommand: the block before it on the page is run.
func isAfterItsCommand(t *testing.T, b fence.Block) {
	t.Helper()
	all := blocksOf(t, b.Page, fence.Kinds...)
	i := slices.IndexFunc(all, func(other fence.Block) bool { return other.Line == b.Line })
	if i == 0 || all[i-1].Kind != "sh" {
		t.Errorf("%s:%d: no block of sh comes before this output", b.Page, b.Line)
	}
}

func hasSmallerForm(t *testing.T, b fence.Block) {
	t.Helper()
	isShell(t, b)
	match := regexp.MustCompile(`go test (\S+) -run (Test\w+) `).FindStringSubmatch(b.Text)
	if match == nil || !slices.Contains(testNames(t), match[2]) {
		t.Errorf("%s:%d: no test of that name has a smaller form of it", b.Page, b.Line)
	}
}

// isOfTheClient: clients/js/test/docs.test.js runs each sample of its pages, and fails for one that
// it does not know.
func isOfTheClient(t *testing.T, b fence.Block) {
	t.Helper()
	if !strings.Contains(read(t, "clients/js/test/docs.test.js"), `"../../../`+b.Page+`"`) {
		t.Errorf("%s:%d: nothing runs this sample", b.Page, b.Line)
	}
}

// isOfTheModule: test/deploy applies the only one with OpenTofu.
func isOfTheModule(t *testing.T, b fence.Block) {
	t.Helper()
	if all := blocks(t, b.Kind); b.Page != "docs/terraform.md" || len(all) != 1 {
		t.Errorf("%s:%d: nothing applies this sample", b.Page, b.Line)
	}
}

// isOfTheExample: it is the app of deploy/cdk, which test/deploy synthesizes.
func isOfTheExample(t *testing.T, b fence.Block) {
	t.Helper()
	if b.Text != read(t, "deploy/cdk/bin/app.ts") {
		t.Errorf("%s:%d: is not deploy/cdk/bin/app.ts", b.Page, b.Line)
	}
}

// isRecipe: test/browser/recipes.mjs runs the page, and names each heading with a block.
func isRecipe(t *testing.T, b fence.Block) {
	t.Helper()
	before, _, _ := strings.Cut(read(t, b.Page), b.Text)
	all := regexp.MustCompile(`(?m)^## (.+)$`).FindAllStringSubmatch(before, -1)
	if b.Page != "docs/recipes.md" || len(all) == 0 ||
		!strings.Contains(read(t, "test/browser/recipes.mjs"), all[len(all)-1][1]) {
		t.Errorf("%s:%d: nothing runs this recipe", b.Page, b.Line)
	}
}

// isJSON: it is JSON once the parts left out with … are gone, and it has the members of what it
// shows.
func isJSON(t *testing.T, b fence.Block) {
	t.Helper()
	var got map[string]any
	if err := json.Unmarshal([]byte(strings.ReplaceAll(b.Text, ", …}", "}")), &got); err != nil {
		t.Errorf("%s:%d: %v", b.Page, b.Line, err)
		return
	}
	want := []string{}
	for _, shape := range [][]string{
		{"token", "issued_at", "expires", "expires_in", "scopes", "profile"},
		{"statusCode", "headers", "multiValueHeaders", "body", "cookies"},
		{"rotation", "tokens"},
		{"Version", "Statement"},
		{"stack", "name", "secret_arn", "version", "token_id", "hash", "deadline"},
		{"isAuthorized", "context"},
	} {
		if _, ok := got[shape[0]]; ok {
			want = shape
		}
	}
	if members := slices.Sorted(maps.Keys(got)); !slices.Equal(members,
		slices.Sorted(slices.Values(want))) {
		t.Errorf("%s:%d: has the members %v, want %v", b.Page, b.Line, members, want)
	}
}

// isConfiguration: the shipped configuration, with these keys in it, is sound.
func isConfiguration(t *testing.T, b fence.Block) {
	t.Helper()
	var shipped, sample map[string]any
	if err := yaml.Unmarshal([]byte(read(t, "config/tokenmint.yaml")), &shipped); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal([]byte(b.Text), &sample); err != nil {
		t.Errorf("%s:%d: %v", b.Page, b.Line, err)
		return
	}
	merge(shipped, sample)
	text, err := yaml.Marshal(shipped)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := config.Parse("sample.yaml", text); err != nil {
		t.Errorf("%s:%d: %v", b.Page, b.Line, err)
	}
}

func merge(into, from map[string]any) {
	for key, value := range from {
		inner, isMap := value.(map[string]any)
		there, isThere := into[key].(map[string]any)
		if isMap && isThere {
			merge(there, inner)
		} else {
			into[key] = value
		}
	}
}

// isReplyOrQuery: it shows the reply in events/replies, but for its request id, or asks for fields
// that an audit record has.
func isReplyOrQuery(t *testing.T, b fence.Block) {
	t.Helper()
	if query, ok := strings.CutPrefix(b.Text, "fields @timestamp, "); ok {
		isQuery(t, b, query)
		return
	}
	var reply struct{ Body string }
	if err := json.Unmarshal([]byte(read(t, "events/replies/mint-unauthorised.json")),
		&reply); err != nil {
		t.Fatal(err)
	}
	message, _, _ := strings.Cut(reply.Body, `"request_id"`)
	if !strings.Contains(b.Text, message) {
		t.Errorf("%s:%d: is not what the mint answers: %s", b.Page, b.Line, message)
	}
}

func isQuery(t *testing.T, b fence.Block, query string) {
	t.Helper()
	names, _, _ := strings.Cut(query, "\n")
	fields := strings.Split(names, ", ")
	for _, match := range regexp.MustCompile(`\b(\w+) = "`).FindAllStringSubmatch(query, -1) {
		if match[1] != "message" {
			fields = append(fields, match[1])
		}
	}
	audit := read(t, "internal/telemetry/audit.go")
	for _, field := range fields {
		if !strings.Contains(audit, `"`+field+`"`) {
			t.Errorf("%s:%d: an audit record has no field %s", b.Page, b.Line, field)
		}
	}
}

// isDiagram: it is of a type that GitHub draws, and what it opens it closes.
func isDiagram(t *testing.T, b fence.Block) {
	t.Helper()
	if !regexp.MustCompile(
		`^(flowchart (LR|TB|TD|RL)|sequenceDiagram|stateDiagram-v2)\n`).MatchString(b.Text) {
		t.Errorf("%s:%d: unknown type of diagram", b.Page, b.Line)
	}
	for _, pair := range []string{"[]", "()", "{}"} {
		if strings.Count(b.Text, pair[:1]) != strings.Count(b.Text, pair[1:]) {
			t.Errorf("%s:%d: %s do not match", b.Page, b.Line, pair)
		}
	}
	if strings.Count(b.Text, `"`)%2 != 0 {
		t.Errorf("%s:%d: a quotation mark is missing", b.Page, b.Line)
	}
}
