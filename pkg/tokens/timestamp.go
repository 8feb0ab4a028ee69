package tokens

import (
	"encoding/json"
	"errors"
	"math"
	"time"
)

// timestamp is a time as the API writes it. Known forms are RFC 3339 with and without a fraction,
// with Z or an offset, and without a zone, which means UTC. null and "" are the zero time.
type timestamp struct{ time.Time }

func (t *timestamp) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) != nil {
		return errors.New("a time must be a JSON string")
	}
	if text == "" {
		return nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
		if at, err := time.Parse(layout, text); err == nil {
			t.Time = at.UTC()
			return nil
		}
	}
	return errors.New("a time is not RFC 3339")
}

// epoch is a time in a token's payload: seconds since 1970, possibly with a fraction (RFC 7519).
type epoch struct{ time.Time }

func (e *epoch) UnmarshalJSON(data []byte) error {
	var seconds *float64
	if err := json.Unmarshal(data, &seconds); err != nil || seconds == nil {
		return err
	}
	const year10000 = 253402300800 // RFC 3339 cannot write this time or a later one
	if *seconds < 0 || *seconds >= year10000 {
		return errors.New("a time is out of range")
	}
	whole, fraction := math.Modf(*seconds)
	e.Time = time.Unix(int64(whole), int64(fraction*1e9)).UTC()
	return nil
}
