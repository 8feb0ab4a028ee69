package secrets

import (
	"encoding/json"
	"errors"
	"fmt"
)

// JSONError describes a decoding error without quoting the text, which holds secrets: encoding/json repeats
// numbers in its errors, and time.Time repeats whole strings.
func JSONError(err error) error {
	if fault, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("malformed JSON at byte %d", fault.Offset)
	}
	if fault, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("JSON field %q is not a %s", fault.Field, fault.Type)
	}
	return errors.New("JSON holds a malformed time")
}
