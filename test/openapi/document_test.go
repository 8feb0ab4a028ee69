// Package openapi_test compares docs/openapi.yaml with the mint's handler. The handler produces
// each documented reply, and the document describes each produced reply.
package openapi_test

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

// document has the parts of docs/openapi.yaml that the tests read. All references are resolved.
type document struct{ Paths map[string]pathItem }

// pathItem has one operation: Post, or Get on the public route.
type pathItem struct {
	Parameters []parameter
	Post, Get  *operation
}

func (p pathItem) operation() operation {
	if p.Get != nil {
		return *p.Get
	}
	return *p.Post
}

type parameter struct {
	Name   string
	In     string
	Schema any
}

type operation struct {
	RequestBody struct{ Content map[string]media }
	Responses   map[string]response // by status
}

// response is a documented reply. All of its headers are always there.
type response struct {
	Headers map[string]struct {
		Schema   any
		Required bool
	}
	Content map[string]media
}

type media struct {
	Schema   any
	Examples map[string]struct{ Value any }
}

// codes returns what a refusal of this kind may have for a code. Every error schema of the document
// has this shape.
func (m media) codes(t *testing.T) []string {
	t.Helper()
	var schema struct {
		AllOf []struct {
			Properties struct {
				Code struct{ Enum []string }
			}
		}
	}
	convert(t, m.Schema, &schema)
	if len(schema.AllOf) != 2 || len(schema.AllOf[1].Properties.Code.Enum) == 0 {
		t.Fatal("a refusal's schema is not allOf Error and an enum of codes")
	}
	return schema.AllOf[1].Properties.Code.Enum
}

func readDocument(t *testing.T) document {
	t.Helper()
	tree := readTree(t)
	var doc document
	convert(t, inline(t, tree, tree), &doc)
	return doc
}

// readTree reads the document as JSON, since a document in YAML must mean the same in JSON: a
// status that is a number is no key, and a time without quotes no text. Source:
// https://spec.openapis.org/oas/v3.1.0#format
func readTree(t *testing.T) any {
	t.Helper()
	text, err := os.ReadFile("../../docs/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	if err := yaml.Unmarshal(text, &tree); err != nil {
		t.Fatal(err)
	}
	return jsonOf(t, tree)
}

// inline returns node without references. None of the document's schemas holds itself, so it comes
// to an end.
func inline(t *testing.T, root, node any) any {
	t.Helper()
	switch v := node.(type) {
	case map[string]any:
		if ref, ok := v["$ref"].(string); ok {
			if len(v) > 1 {
				t.Fatalf("%s has neighbours, which would be lost here, as in older readers", ref)
			}
			return inline(t, root, resolve(t, root, ref))
		}
		out := make(map[string]any, len(v))
		for name, member := range v {
			out[name] = inline(t, root, member)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, element := range v {
			out[i] = inline(t, root, element)
		}
		return out
	}
	return node
}

// resolve finds what a reference within the document points to.
func resolve(t *testing.T, root any, ref string) any {
	t.Helper()
	node := root
	for name := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
		object, _ := node.(map[string]any)
		member, ok := object[name]
		if !ok {
			t.Fatalf("%s points to nothing", ref)
		}
		node = member
	}
	return node
}

// compile makes a schema ready for use, and fails the test if it is none.
func compile(t *testing.T, schema any) *jsonschema.Schema {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("schema.json", jsonOf(t, schema)); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

// jsonOf returns v as the validator wants it, which keeps numbers as they are written.
func jsonOf(t *testing.T, v any) any {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	out, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func convert(t *testing.T, from, to any) {
	t.Helper()
	text, err := json.Marshal(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, to); err != nil {
		t.Fatal(err)
	}
}

// The OpenAPI Initiative's schema leaves the Schema Objects within a document open by a dynamic
// anchor, for each dialect to bind. Ours use no keyword beyond JSON Schema's own.
const boundSchema = `{
	"$schema": "https://json-schema.org/draft/2020-12/schema",
	"$ref": "openapi-3.1.schema.json",
	"$defs": {"schema": {"$dynamicAnchor": "meta",
		"$ref": "https://json-schema.org/draft/2020-12/schema", "unevaluatedProperties": false}}
}`

func TestDocumentIsOpenAPI(t *testing.T) {
	t.Parallel()
	compiler := jsonschema.NewCompiler()
	// As the OpenAPI Initiative publishes it under its $id, Apache-2.0.
	official, err := os.ReadFile("testdata/openapi-3.1.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"openapi-3.1.schema.json": string(official),
		"bound.json": boundSchema} {
		schema, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := compiler.AddResource(name, schema); err != nil {
			t.Fatal(err)
		}
	}
	schema, err := compiler.Compile("bound.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(readTree(t)); err != nil {
		t.Error(err)
	}
}
