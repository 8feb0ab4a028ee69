package secrets

import (
	"encoding/json"
	"errors"
	"fmt"
)

// JSONError describes an error of encoding/json without the decoded text, which may be secret. The
// original errors quote numbers, and those of time.Time quote strings.
func JSONError(err error) error {
	if fault, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("malformed JSON at byte %d", fault.Offset)
	}
	if fault, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("JSON field %q is not a %s", fault.Field, fault.Type)
	}
	return errors.New("JSON contains a malformed time")
}
