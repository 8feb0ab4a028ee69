package yaml

import (
	"slices"
	"strconv"
	"strings"
)

// IsNull reports whether the node is null, or stands for nothing.
func (n *Node) IsNull() bool {
	return n.Kind == Scalar && !n.Quoted && slices.Contains(null, n.Value)
}

// IsText reports whether all versions of YAML read the node as a text. A plain yes is no text: YAML
// 1.1 reads it as true.
func (n *Node) IsText() bool {
	if n.Kind != Scalar || n.Quoted {
		return n.Kind == Scalar
	}
	return !n.IsNull() && !slices.Contains(truths, strings.ToLower(n.Value)) && !isNumeric(n.Value)
}

var (
	null   = []string{"", "~", "null", "Null", "NULL"}
	truths = []string{"true", "false", "yes", "no", "on", "off", "y", "n"}
)

// isNumeric reports whether a version of YAML reads a plain value as a number, which may have base
// 60, or as a date.
func isNumeric(value string) bool {
	first := strings.TrimLeft(value, "+-.")
	if first == value && (value == "" || strings.IndexByte(digits, value[0]) < 0) {
		return false
	}
	if strings.Trim(value, digits+"_:.+-") == "" || isDate(value) {
		return true
	}
	number := strings.ReplaceAll(value, "_", "")
	_, notFloat := strconv.ParseFloat(strings.Replace(number, "-.", "-", 1), 64)
	_, notInt := strconv.ParseInt(number, 0, 64)
	_, notUint := strconv.ParseUint(number, 0, 64)
	special := strings.ToLower(strings.TrimLeft(value, "+-"))
	return notFloat == nil || notInt == nil || notUint == nil ||
		special == ".inf" || special == ".nan"
}

const digits = "0123456789"

// isDate reports whether value begins as a date does, such as 2026-01-02.
func isDate(value string) bool {
	year, rest, dash := strings.Cut(value, "-")
	return dash && len(year) == 4 && strings.Trim(year, digits) == "" &&
		strings.Trim(strings.SplitN(rest, "-", 2)[0], digits) == ""
}
