package model_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// errThrottled is what is left of a ThrottlingException: an error that says nothing.
var errThrottled = errors.New("ThrottlingException: rate exceeded")

// unreadableKinds are the ways in which a version cannot be read.
var unreadableKinds = map[string]error{
	"AccessDenied":      fmt.Errorf("AccessDeniedException: %w", secrets.ErrDenied),
	"DecryptionFailure": fmt.Errorf("DecryptionFailure: %w", secrets.ErrDenied),
	"InvalidRequest":    fmt.Errorf("InvalidRequestException: %w", secrets.ErrInvalid),
	"ResourceNotFound":  fmt.Errorf("ResourceNotFoundException: %w", secrets.ErrNotFound),
	"internal":          errors.New("InternalServiceError"),
	"throttled":         errThrottled,
	"broken":            io.ErrUnexpectedEOF,
}

var kindsOfUnreadable = []string{
	"AccessDenied", "DecryptionFailure", "InvalidRequest", "ResourceNotFound", "internal",
	"throttled", "broken",
}

// spoilVersion makes a version unreadable for ever: one of those that are labelled.
func spoilVersion(k int, label, kind string) move {
	return act(fmt.Sprintf("the %s version of secret %d cannot be read: %s", label, k, kind),
		func(w *world) {
			m := w.at(k)
			d := must(w.memory.Describe(context.Background(), m.SecretID))
			id, ok := d.VersionAt(label)
			if !ok || id == "" || label != secrets.Current && d.Has(id, secrets.Current) {
				return
			}
			if _, ok := w.valueOf(m.SecretID, id); !ok && kind == "ResourceNotFound" {
				return // it is so anyway, until it gets a value
			}
			w.use(dimUnreadable + kind)
			w.unreadable[m.SecretID+id] = unreadableKinds[kind]
			w.unreadAt[m.SecretID+id] = time.Now()
			if c, ok := w.valueOf(m.SecretID, id); ok && kind == "ResourceNotFound" {
				// without a label, nothing tells it from a version that was never stored
				w.vanished[c.ID] = true
			}
		})
}

// isKept reports whether nobody may delete a token: only versions that cannot be read hold it.
func (w *world) isKept(id string, before time.Time) bool {
	kept := false
	for _, m := range w.managed {
		d := must(w.memory.Describe(context.Background(), m.SecretID))
		for version, labels := range d.Stages {
			c, ok := w.valueOf(m.SecretID, version)
			if !ok || c.ID != id {
				continue
			}
			if w.unreadable[m.SecretID+version] == nil {
				return false
			}
			wasCurrent := slices.ContainsFunc(labels, func(l string) bool {
				return l == secrets.Current || l == secrets.Previous || isDated(l)
			})
			kept = kept || wasCurrent && w.unreadAt[m.SecretID+version].Before(before)
		}
	}
	return kept
}

// repair does what only a person can do, before the model asks for rest: a parent that is no
// permanent token is replaced by one, and so is a current version that cannot be read.
func (w *world) repair() {
	w.repaired = true
	for i, m := range w.managed {
		d, err := w.memory.Describe(context.Background(), m.SecretID)
		id, ok := d.VersionAt(secrets.Current)
		c, isToken := w.valueOf(m.SecretID, id)
		usable := isToken && c.Token.Usage() == tokens.UsageSecret && hasScopes(w, c.ID)
		if err == nil && (ok && w.unreadable[m.SecretID+id] != nil || i == 0 && !usable) {
			w.trace = append(w.trace, "calm> a person repairs "+m.Name)
			w.byPerson(m.SecretID)
			w.events++
			w.give(m.SecretID, 5000+w.events)
		}
	}
}

// hasScopes reports whether a token can be a parent.
func hasScopes(w *world, id string) bool {
	for _, t := range w.rows() {
		if t.ID == id {
			return slices.Contains(t.Scopes, "tokens:write") &&
				slices.Contains(t.Scopes, "tokens:read")
		}
	}
	return true // a person has deleted it; that is another matter
}
