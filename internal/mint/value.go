package mint

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"unicode/utf8"

	"github.com/tokenmint/tokenmint/config"
)

// object is a JSON object with exact names, each once. Its values have the types string,
// json.Number, bool, nil, []any and object. encoding/json would accept a name in any case, and a
// name twice.
type object map[string]any

// deepest is the number of levels that objects and lists may have.
const deepest = 64

// parseObject reads one JSON object. Its errors have no part of the text.
func parseObject(text []byte) (object, error) {
	if !utf8.Valid(text) || !json.Valid(text) {
		return nil, errors.New("is not JSON")
	}
	in := json.NewDecoder(bytes.NewReader(text))
	in.UseNumber()
	value, err := parseValue(in, 0)
	if err != nil {
		return nil, err
	}
	o, ok := value.(object)
	if !ok {
		return nil, errors.New("is not a JSON object")
	}
	return o, nil
}

func parseValue(in *json.Decoder, depth int) (any, error) {
	token, err := in.Token()
	if err != nil {
		return nil, errors.New("is not JSON")
	}
	open, ok := token.(json.Delim)
	if !ok {
		return token, nil
	}
	if depth == deepest {
		return nil, errors.New("is nested too deep")
	}
	o, list := object{}, []any{}
	for in.More() {
		name := ""
		if open == '{' {
			token, _ := in.Token() // parseValue returns the same error
			name, _ = token.(string)
			if _, twice := o[name]; twice {
				return nil, errors.New("has a name twice in one object")
			}
		}
		value, err := parseValue(in, depth+1)
		if err != nil {
			return nil, err
		}
		o[name], list = value, append(list, value)
	}
	if _, err := in.Token(); err != nil { // the closing bracket
		return nil, errors.New("is not JSON")
	}
	if open == '[' {
		return list, nil
	}
	return o, nil
}

// find returns the values at a path, which is names with dots between them. Names such as
// https://example.com/groups have dots too, so an ambiguous path has several values.
func (o object) find(path string) []any {
	var found []any
	if value, ok := o[path]; ok {
		found = append(found, value)
	}
	for i, c := range path {
		if inner, ok := o[path[:i]].(object); ok && c == '.' {
			found = append(found, inner.find(path[i+1:])...)
		}
	}
	return found
}

// texts returns the texts that a pattern may match: of the value at path, or of each element of the
// list there. It returns nil if the path is ambiguous, or if a value has no text or several.
func (o object) texts(path string) []string {
	found := o.find(path)
	if len(found) != 1 {
		return nil
	}
	list, ok := found[0].([]any)
	if !ok {
		list = found
	}
	all := make([]string, 0, len(list))
	for _, element := range list {
		text, ok := textOf(element)
		if !ok {
			return nil
		}
		all = append(all, text)
	}
	return all
}

// textOf returns the text of a value. Objects, lists and null have none. A number such as 1.0 or
// 1e3 has several, and a string that is not plain may have. The result is false for all of these.
func textOf(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, config.IsPlainText(v)
	case bool:
		return strconv.FormatBool(v), true
	case json.Number:
		return v.String(), config.IsPlainNumber(v.String())
	}
	return "", false
}
