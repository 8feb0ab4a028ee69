package config_test

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tokenmint/tokenmint/config"
)

// schemaNode is as much of a JSON Schema as the test reads.
type schemaNode struct {
	Properties           map[string]schemaNode `json:"properties"`
	AdditionalProperties json.RawMessage       `json:"additionalProperties"`
	Items                *schemaNode           `json:"items"`
}

// each returns the schema of a mapping's values.
func (s schemaNode) each(t *testing.T) schemaNode {
	var node schemaNode
	if err := json.Unmarshal(s.AdditionalProperties, &node); err != nil {
		t.Fatal(err)
	}
	return node
}

// The parser says which keys it knows where it meets one that it does not. The schema must offer
// the same to an editor.
func TestSchemaOffersTheKeysThatTheParserKnows(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("tokenmint.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var root schemaNode
	if err := json.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	profile := root.Properties["profiles"].each(t)
	for name, tc := range map[string]struct {
		schema schemaNode
		yaml   string
	}{
		"file":    {root, "zzz: 1"},
		"parent":  {root.Properties["parent"], "parent: {zzz: 1}"},
		"profile": {profile, "profiles: {a: {zzz: 1}}"},
		"rule":    {*profile.Properties["allow"].Items, "profiles: {a: {allow: [{zzz: 1}]}}"},
		"case":    {*root.Properties["tests"].Items, "tests: [{zzz: 1}]"},
		"token":   {root.Properties["tokens"].each(t), "tokens: {a: {zzz: 1}}"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := config.Parse("x.yaml", []byte(tc.yaml))
			if err == nil {
				t.Fatalf("%s: an unknown key was accepted", name)
			}
			_, known, _ := strings.Cut(err.Error(), "known here: ")
			known, _, _ = strings.Cut(known, "\n")
			if offered := strings.Join(slices.Sorted(maps.Keys(tc.schema.Properties)),
				", "); offered != known {
				t.Errorf("%s: the schema offers %s, the parser knows %s", name, offered, known)
			}
		})
	}
}
