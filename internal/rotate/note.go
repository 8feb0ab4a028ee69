package rotate

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// maxStack keeps a note within Mapbox's limit of 128 characters: 10 for the prefix, 32 for a name,
// 64 for an id, and the slashes.
const maxStack = 18

// notePrefix begins the note of each token that this stack creates for one managed token, and of no
// other token.
func notePrefix(stack, name string) string {
	if len(stack) > maxStack {
		sum := sha256.Sum256([]byte(stack))
		stack = stack[:maxStack-9] + "-" + hex.EncodeToString(sum[:4])
	}
	return "tokenmint/" + stack + "/" + name + "/"
}

// Note returns the note of the token that a rotation creates. The rotation is the id of the version
// that holds the token.
func Note(stack, name, rotation string) string { return notePrefix(stack, name) + rotation }

// rotationOf returns the rotation that a note names, if the note begins with prefix.
func rotationOf(note, prefix string) (rotation string, ok bool) {
	return strings.CutPrefix(note, prefix)
}

// rotationID turns the id of an event into the id of a rotation. It is also the id of a version,
// which must have 32 to 64 characters.
func rotationID(eventID string) string {
	const allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"
	if len(eventID) >= 32 && len(eventID) <= 64 && strings.Trim(eventID, allowed) == "" {
		return eventID
	}
	sum := sha256.Sum256([]byte(eventID))
	return hex.EncodeToString(sum[:16])
}

// isOthers reports whether a note names another owner: another stack, or another managed token. A
// note that names the version which holds the token belongs to this secret, under any name.
func isOthers(note, prefix, versionID string) bool {
	return strings.HasPrefix(note, "tokenmint/") &&
		!strings.HasPrefix(note, prefix) && !strings.HasSuffix(note, "/"+versionID)
}
