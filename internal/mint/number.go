package mint

import (
	"encoding/json"
	"strconv"
	"strings"
)

// sameNumber reports whether two texts are the same JSON number, such as 1.7e9 and 1700000000. It
// compares digits, since a float would lose some.
func sameNumber(a, b string) bool {
	x, okX := decimalOf(a)
	y, okY := decimalOf(b)
	return okX && okY && x == y
}

// decimal is digits times a power of ten. The digits do not begin or end with 0. The number 0 is
// the zero value.
type decimal struct {
	negative bool
	digits   string
	power    int
}

// decimalOf parses a JSON number. The result is false if text is not one.
func decimalOf(text string) (decimal, bool) {
	if !json.Valid([]byte(text)) || text == "" || strings.Trim(text[:1], "-0123456789") != "" {
		return decimal{}, false
	}
	var d decimal
	text, d.negative = strings.CutPrefix(text, "-") // a zero loses its sign below
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
