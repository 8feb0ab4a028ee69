package secrets

import (
	"encoding/json"
	"errors"
	"fmt"
)

// jsonFault describes a decoding error without quoting the text, which holds secrets: encoding/json repeats
// numbers, and time.Time whole strings, in theirs.
func jsonFault(err error) error {
	if fault, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("malformed JSON at byte %d", fault.Offset)
	}
	if fault, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("JSON field %q is not a %s", fault.Field, fault.Type)
	}
	return errors.New("JSON holds a malformed time")
}
