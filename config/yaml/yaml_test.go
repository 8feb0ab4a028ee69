package yaml_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	oracle "go.yaml.in/yaml/v3"

	"github.com/tokenmint/tokenmint/config/yaml"
)

// TestParse compares documents with what the full library reads.
func TestParse(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"mapping":             "a: 1\nb: two words # a comment\n",
		"nested":              "a:\n  b:\n      c: d\n  e: f\ng:\n",
		"list":                "a:\n  - 1\n  -   x\n  - y:z\n",
		"list not indented":   "a:\n- 1\n- 2\nb: 3\n",
		"list of mappings":    "- a: b\n  c:\n  - d\n  - e: f\n    g: h\n-\n  a: b\n-\n- - x\n",
		"brackets":            "a: [b, c, {d: e, f: [g]}, ]\nh: {}\ni: []\n",
		"several lines":       "a: [\n  b, # first\n\n  c\n]\nd: {e: f,\n  g: h}\n",
		"pair in a list":      "a: [b: c, \"d\":e, f: {g: h}]\n",
		"nothing in braces":   "a: {b: , c: }\n",
		"JSON":                `{"a": [1, true, null, "x"], "b":{"c":"d"}}`,
		"double quotes":       `a: "b\"c\\d\n\u00e9\x41: #"` + "\n\"k: l\": m\n",
		"single quotes":       "a: 'it''s # \\n'\n'': b\n",
		"comments":            "# a\n\n  # b\na: b#c # d\n# e\n\n#f",
		"start of a document": "---\na: b\n",
		"start with a text":   "--- # comment\na: b\n",
		"Windows":             "\ufeffa: b\r\nc:\r\n  - d\r\n",
		"nulls":               "a:\nb: ~\nc: null\nd: \"\"\n",
		"URL":                 "a: http://localhost:8080/x?y=#z\n",
		"patterns":            "a: {iam: \"arn:aws:iam::*:role/x\", b: x*}\n",
		"other characters":    "é: 日本 ☃\n",
		"a scalar alone":      "text\n",
		"a minus":             "a: -1\nb: -x\nc: [-1, -a]\n",
		"no end of line":      "a: b",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			node, err := yaml.Parse([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			compare(t, text, node)
		})
	}
	for _, text := range []string{"", "\n", "# only\n  # comments", "---\n"} {
		if node, err := yaml.Parse([]byte(text)); node != nil || err != nil {
			t.Errorf("Parse(%q) = %v, %v, want nothing", text, node, err)
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ text, want string }{
		"alias":             {"a: *b\n", "line 1: \"*b\": a text that begins with * must"},
		"anchor":            {"x: 1\na: &b c\n", "line 2: \"&b c\": a policy has no anchors"},
		"tag":               {"a: !!str b\n", "a policy has no tags"},
		"merge":             {"a:\n  <<: b\n", "line 2: << merges mappings"},
		"literal":           {"a: |\n  b\n", "a text has one line"},
		"folded":            {"a: >-\n  b\n", "a text has one line"},
		"two lines":         {"a: b\n  c\n", "line 2: the line is indented unlike"},
		"two lines quoted":  {"a: \"b\n  c\"\n", "line 1: the quote is not closed"},
		"two lines single":  {"a: 'b\n  c'\n", "line 1: the quote is not closed"},
		"two lines in []":   {"a: [b\n  c]\n", "a comma or ']' is expected"},
		"tab":               {"a:\n\tb: c\n", "line 2: the character '\\t' is not allowed"},
		"tab as a space":    {"a:\tb\n", "the character '\\t' is not allowed"},
		"carriage return":   {"a: b\rc: d\n", "the character '\\r' is not allowed"},
		"not UTF-8":         {"a: \xff\n", "not UTF-8"},
		"unseen character":  {"a: b\u2028c: d\n", "is not allowed"},
		"two documents":     {"a: b\n---\nc: d\n", "line 2: the file holds more than one document"},
		"two with lists":    {"- a\n--- \n- b\n", "more than one document"},
		"end of a document": {"a: b\n...\n", "more than one document"},
		"marker in []":      {"a: [b,\n--- ]\n", "more than one document"},
		"not closed":        {"x: 1\na: [b,\n", "line 2: the bracket is never closed"},
		"wrong bracket":     {"a: [b}\n", "a comma or ']' is expected"},
		"two commas":        {"a: [b,,c]\n", "a value is expected here"},
		"no colon in {}":    {"a: {b, c: d}\n", "a name with a colon"},
		"no space in {}":    {"a: {b:[c]}\n", "a space must follow the colon"},
		"list of two":       {"a: [b: c d: e]\n", "a comma or ']' is expected"},
		"second colon":      {"a: b: c\n", "a second colon in one line"},
		"list in a line":    {"a: - b\n", "a list begins on a line of its own"},
		"indented less":     {"a:\n    b: c\n  d: e\n", "line 3: the line is indented unlike"},
		"indented more":     {"a: b\n  c: d\n", "line 2: the line is indented unlike"},
		"no colon":          {"a: b\nc\n", "line 2: a name with a colon and a space is expected"},
		"list in a mapping": {"a: b\n- c\n", "line 2: \"- c\": a value is expected here"},
		"mapping in a list": {"- a\nb: c\n", "line 2: the line is indented unlike"},
		"complex name":      {"? a\n: b\n", "a value is expected here"},
		"name in brackets":  {"[a]: b\n", "a second colon"},
		"reserved":          {"a: @b\n", "must be in quotes"},
		"escape":            {`a: "\q"`, "an escape that is not known"},
		"half an escape":    {`a: "\u12"`, "an escape that is not known"},
		"surrogate":         {`a: "\ud83d"`, "an escape that is not known"},
		"behind quotes":     {`a: "b"c`, "follows the closing quote"},
		"behind brackets":   {"a: [b] c\n", "follows the end of the value"},
		"too deep":          {strings.Repeat("[", 30), "more than 20 levels"},
		"too deep in lists": {strings.Repeat("- ", 30) + "a", "more than 20 levels"},
		"behind the start":  {"--- a: b\n", "--- must stand alone"},
		"directive":         {"%YAML 1.2\n---\na: b\n", "must be in quotes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			node, err := yaml.Parse([]byte(tc.text))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Parse(%q) = %v, %v, want %q", tc.text, node, err, tc.want)
			}
		})
	}
}

// FuzzParse: what is read at all is read as the full library reads it.
func FuzzParse(f *testing.F) {
	shipped, err := os.ReadFile("../tokenmint.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{
		string(shipped), "a: [b, {c: 'd', \"e\": 5}]\n- x", "a:\n- b: c\n  d: ~\n- 1_0\n",
		"a: .5\nb: 0x1F\nc: 2026-01-02\nd: 12:30\ne: yes\nf: \"\\u00e9\"\n", "--- # c\r\n{a: b}",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if node, err := yaml.Parse([]byte(text)); err == nil && node != nil {
			compare(t, text, node)
		}
	})
}

func compare(t *testing.T, text string, got *yaml.Node) {
	t.Helper()
	var want oracle.Node
	if err := oracle.Unmarshal([]byte(text), &want); err != nil {
		t.Fatalf("Parse(%q) has no error, the library's is: %v", text, err)
	}
	if got, want := describe(got), describeOracle(t, want.Content[0]); got != want {
		t.Errorf("Parse(%q)\n got %s\nwant %s", text, got, want)
	}
	checkTypes(t, got, want.Content[0])
}

func describe(n *yaml.Node) string {
	if n.Kind == yaml.Scalar {
		return fmt.Sprintf("%d:%q %t", n.Line, n.Value, n.Quoted)
	}
	var parts []string
	for _, c := range n.Content {
		parts = append(parts, describe(c))
	}
	return fmt.Sprintf("%v%v", n.Kind, parts)
}

func describeOracle(t *testing.T, n *oracle.Node) string {
	t.Helper()
	const quoted = oracle.SingleQuotedStyle | oracle.DoubleQuotedStyle
	var kind yaml.Kind
	switch n.Kind {
	case oracle.ScalarNode:
		return fmt.Sprintf("%d:%q %t", n.Line, n.Value, n.Style&quoted != 0)
	case oracle.MappingNode:
		kind = yaml.Mapping
	case oracle.SequenceNode:
		kind = yaml.Sequence
	default:
		t.Fatalf("line %d: kind %v", n.Line, n.Kind)
	}
	var parts []string
	for _, c := range n.Content {
		parts = append(parts, describeOracle(t, c))
	}
	return fmt.Sprintf("%v%v", kind, parts)
}

// checkTypes: what is a text here is one for the library, and so is null.
func checkTypes(t *testing.T, got *yaml.Node, want *oracle.Node) {
	t.Helper()
	if got.Kind == yaml.Scalar {
		if got.IsText() && want.Tag != "!!str" || got.IsNull() != (want.Tag == "!!null") {
			t.Errorf("%q: text %t, null %t, the library says %s", got.Value, got.IsText(),
				got.IsNull(), want.Tag)
		}
		return
	}
	for i := range got.Content {
		checkTypes(t, got.Content[i], want.Content[i])
	}
}
