package mapbox

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"
)

const (
	maxNote        = 128 // characters (Mapbox's OpenAPI)
	maxAllowedURLs = 100 // (the API's page)
)

// set copies the members of a request's body to t. After a complaint t is incomplete and must not
// be used.
func (t *permanent) set(f fields) (complaint string) {
	for _, name := range slices.Sorted(maps.Keys(f)) {
		if bad := t.setMember(f, name); bad != "" {
			return bad
		}
	}
	return ""
}

func (t *permanent) setMember(f fields, name string) (complaint string) {
	null := string(f[name]) == "null"
	list, isList := f.strings(name)
	switch name {
	case "note":
		t.Note = nil
		if json.Unmarshal(f[name], &t.Note) != nil {
			return "note is invalid"
		}
		if t.Note != nil && utf8.RuneCountInString(*t.Note) > maxNote {
			return fmt.Sprintf("note may not have more than %d characters", maxNote)
		}
	case "scopes":
		if !isList {
			return "scopes are invalid"
		}
		t.Scopes = list
	case "allowedUrls":
		if !isList && !null {
			return "allowedUrls are invalid"
		}
		if len(list) > maxAllowedURLs {
			return fmt.Sprintf("allowedUrls may not be more than %d", maxAllowedURLs)
		}
		t.AllowedURLs = list
	case "resources":
		if len(list) == 0 && !null {
			return "resources are invalid"
		}
		t.Resources = list
	case "allowedApplications":
		t.Applications = nil
		if json.Unmarshal(f[name], &t.Applications) != nil {
			return "allowedApplications are invalid"
		}
	}
	return ""
}

// strings decodes an array of strings. The array may be empty, but not the strings.
func (f fields) strings(name string) ([]string, bool) {
	var list []string
	if json.Unmarshal(f[name], &list) != nil || list == nil || slices.Contains(list, "") {
		return nil, false
	}
	return list, true
}

// unknown returns a complaint about the first member that is not known. Mapbox's OpenAPI document
// allows no others in creates.
func (f fields) unknown(known ...string) (complaint string) {
	for _, name := range slices.Sorted(maps.Keys(f)) {
		if !slices.Contains(known, name) {
			return fmt.Sprintf("%q is not allowed", name)
		}
	}
	return ""
}
