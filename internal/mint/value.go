package mint

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tokenmint/tokenmint/config"
)

// object is a JSON object. Its values are a string, json.Number, bool, nil, []any or object. encoding/json would take a name
// in any case, and the last of two equal names. Here names are exact, and there once.
type object map[string]any

// deepest is how deep objects and lists may be nested.
const deepest = 64

// parseObject reads one JSON object. Its errors quote nothing of the text.
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
			token, _ := in.Token() // an error comes again from the value
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

// find returns the values at a path of names with dots between them. A name may have dots itself, as in
// https://example.com/groups, so a path can lead to several values: then it is ambiguous.
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

// texts returns what a pattern may match: the one value at path, or each element of the one list. What has no text, or more
// than one, matches nothing, and neither does a list that holds such an element.
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

// textOf returns the one text of a value. Objects, lists and null have none. A number such as 1.0 or 1e3 has several, and so
// may a text that is not plain.
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

// sameNumber reports whether two texts are one number, as 1.7e9 and 1700000000 are. It compares digits: a float would
// lose some.
func sameNumber(a, b string) bool {
	x, okX := decimalOf(a)
	y, okY := decimalOf(b)
	return okX && okY && x == y
}

// decimal is a number as digits times a power of ten. The digits neither begin nor end with 0.
type decimal struct {
	negative bool
	digits   string
	power    int
}

func decimalOf(text string) (decimal, bool) {
	if !json.Valid([]byte(text)) || text == "" || strings.Trim(text[:1], "-0123456789") != "" {
		return decimal{}, false
	}
	var d decimal
	text, d.negative = strings.CutPrefix(text, "-") // zero has no sign
	mantissa, exponent, scientific := strings.Cut(strings.ToLower(text), "e")
	if scientific {
		power, err := strconv.ParseInt(exponent, 10, 16)
		if err != nil {
			return decimal{}, false
		}
		d.power = int(power)
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	d.power -= len(fraction)
	digits := strings.TrimLeft(whole+fraction, "0")
	d.digits = strings.TrimRight(digits, "0")
	d.power += len(digits) - len(d.digits)
	if d.digits == "" {
		return decimal{}, true
	}
	return d, true
}
