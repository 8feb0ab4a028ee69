package mint

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tokenmint/tokenmint/config"
)

// claims are those of a JWT that API Gateway has verified.
//
// They come from the token's payload, because API Gateway flattens claims in the event: the lists
// ["a b"] and ["a","b"] both become the text "[a b]". A part of the payload that does not agree
// with the event matches nothing.
type claims struct {
	payload object
	event   object // the claims according to API Gateway; nil if there is nothing to compare with
	problem error  // why no claim matches anything; nil if the payload is used
}

// claimsOf reads the claims of the token in an Authorization header. It compares the token with the
// claims in the event.
func claimsOf(header string, event object) *claims {
	c := &claims{event: event}
	if c.payload, c.problem = bearerPayload(header); c.problem == nil {
		c.problem = c.checkToken()
	}
	return c
}

// bearerPayload returns the payload of the one token in an Authorization header, with or without
// the word Bearer. API Gateway has checked the signature. It joins several headers with commas, and
// no token has a comma.
func bearerPayload(header string) (object, error) {
	token := strings.Trim(header, " ")
	if scheme, rest, ok := strings.Cut(token, " "); ok {
		if !strings.EqualFold(scheme, "Bearer") {
			return nil, errors.New("the Authorization header is not one bearer token")
		}
		token = strings.TrimLeft(rest, " ")
	}
	parts := strings.Split(token, ".")
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
	if len(parts) != 3 || slices.Contains(parts, "") || strings.Trim(token, alphabet) != "" {
		return nil, errors.New("the Authorization header does not hold one token")
	}
	text, err := base64.RawURLEncoding.Strict().DecodeString(parts[1])
	if err != nil {
		return nil, errors.New("the token's payload is not base64url")
	}
	payload, err := parseObject(text)
	if err != nil {
		return nil, fmt.Errorf("the token's payload %w", err)
	}
	return payload, nil
}

// checkToken compares issuer, subject and expiry with the event, since another token would differ
// in one of them. A token may have no subject.
func (c *claims) checkToken() error {
	for _, name := range []string{"iss", "sub", "exp"} {
		value, inPayload := c.payload[name]
		said, inEvent := c.event[name]
		if name == "sub" && !inPayload && !inEvent {
			continue
		}
		_, isText := value.(string)
		_, isNumber := value.(json.Number)
		if (name == "exp") != isNumber || (name == "exp") == isText || !agree(value, said) {
			return fmt.Errorf("the token's %s does not agree with the event", name)
		}
	}
	return nil
}

// texts returns the texts that a pattern for the claim may match: the claim's text, or the elements
// of its list. It returns nil if the claim does not agree with the event.
func (c *claims) texts(name string) []string {
	if c.problem != nil {
		return nil
	}
	value, top := c.payload[name]
	if top && hasEventForm(value) {
		if c.event != nil && !agree(value, c.event[name]) {
			return nil
		}
	} else if _, isList := value.([]any); isList {
		return nil // a list without an event form cannot be compared
	}
	all := c.payload.texts(name)
	if _, isText := value.(string); isText && len(all) == 1 && config.IsScopeClaim(name) {
		return strings.FieldsFunc(all[0], func(r rune) bool { return r == ' ' })
	}
	return all
}

// hasEventForm reports whether the text of a claim in an event is known. AWS documents no text for
// objects, floats and null.
func hasEventForm(value any) bool {
	_, ok := eventForm(value)
	return ok
}

// eventForm returns the text that API Gateway writes into an event for a claim. A list is [a b],
// without quotes. The result is false if the text is not known.
func eventForm(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), !strings.ContainsAny(v.String(), ".eE")
	case []any:
		parts := make([]string, len(v))
		for i, element := range v {
			_, isList := element.([]any)
			part, ok := eventForm(element)
			if !ok || isList {
				return "", false
			}
			parts[i] = part
		}
		return "[" + strings.Join(parts, " ") + "]", true
	}
	return textOf(value)
}

// agree reports whether a claim in the payload equals the same claim in the event. The event has
// all claims as texts and may write a number in another form. Emulators do not convert values.
func agree(value, said any) bool {
	b, ok := eventForm(said)
	if number, isNumber := said.(json.Number); isNumber {
		b, ok = number.String(), true
	}
	if number, isNumber := value.(json.Number); isNumber {
		return ok && sameNumber(number.String(), b)
	}
	a, hasForm := eventForm(value)
	return ok && hasForm && a == b
}
