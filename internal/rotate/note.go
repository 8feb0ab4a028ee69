package rotate

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// maxStack keeps a note within the 128 characters that Mapbox takes: 10 for the prefix, 32 for a name, 64 for an id, and
// the slashes.
const maxStack = 18

// notePrefix begins the notes of all tokens that this stack creates for one managed token, and of no other's.
func notePrefix(stack, name string) string {
	if len(stack) > maxStack {
		sum := sha256.Sum256([]byte(stack))
		stack = stack[:maxStack-9] + "-" + hex.EncodeToString(sum[:4])
	}
	return "tokenmint/" + stack + "/" + name + "/"
}

// Note returns the note of the token that a rotation creates. The rotation is the id of the version that holds the token.
func Note(stack, name, rotation string) string { return notePrefix(stack, name) + rotation }

// rotationOf returns the rotation that a note names, if it is one of those that begin with prefix.
func rotationOf(note, prefix string) (rotation string, ok bool) {
	return strings.CutPrefix(note, prefix)
}

// rotationID makes an event's id into a rotation's: it becomes the id of a version of the secret, which Secrets Manager
// wants to have 32 to 64 characters.
func rotationID(eventID string) string {
	if len(eventID) >= 32 && len(eventID) <= 64 && strings.Trim(eventID, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == "" {
		return eventID
	}
	sum := sha256.Sum256([]byte(eventID))
	return hex.EncodeToString(sum[:16])
}

// isOthers reports whether a note says that another rotator's secret owns the token: another stack's, or another managed
// token's of this one. A note that names the version which holds the token is of this secret, under whatever name.
func isOthers(note, prefix, versionID string) bool {
	return strings.HasPrefix(note, "tokenmint/") && !strings.HasPrefix(note, prefix) && !strings.HasSuffix(note, "/"+versionID)
}
