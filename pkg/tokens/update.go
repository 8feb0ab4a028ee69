package tokens

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
)

// Field is one field of an [UpdateRequest]: left as it is, which is the zero value; [Set]; or [Remove]d.
type Field[T string | []string] struct {
	value  T
	change change
}

type change int

const (
	unchanged change = iota
	set
	removed
)

// Set returns a field that gets a value.
func Set[T string | []string](value T) Field[T] { return Field[T]{value: value, change: set} }

// Remove returns a field that loses its value.
func Remove[T string | []string]() Field[T] { return Field[T]{change: removed} }

// IsZero reports whether the field is left as it is.
func (f Field[T]) IsZero() bool { return f.change == unchanged }

// MarshalJSON returns the value that is set, or null to remove.
func (f Field[T]) MarshalJSON() ([]byte, error) {
	if f.change != set {
		return []byte("null"), nil
	}
	data, err := json.Marshal(f.value)
	if string(data) == "null" { // a nil slice; as null it would remove
		return []byte("[]"), err
	}
	return data, err
}

// UpdateRequest names what changes about a token:
//
//	tokens.UpdateRequest{Note: tokens.Set("web"), AllowedURLs: tokens.Remove[[]string]()}
type UpdateRequest struct {
	Note        Field[string]   `json:"note,omitzero"`
	Scopes      Field[[]string] `json:"scopes,omitzero"`
	AllowedURLs Field[[]string] `json:"allowedUrls,omitzero"`
}

// Update changes a permanent token and returns it as it is then; a secret one without its value. Its
// usage stays: a public token cannot gain a secret scope, nor one without scopes any. auth needs
// tokens:write.
func (c *Client) Update(
	ctx context.Context, auth Token, username, id string, req UpdateRequest,
) (Metadata, error) {
	k, err := c.newCall("update token", http.MethodPatch, scopeTokensWrite, auth, "tokens", "v2", username, id)
	if err != nil {
		return Metadata{}, err
	}
	if req.Note.IsZero() && req.Scopes.IsZero() && req.AllowedURLs.IsZero() {
		return Metadata{}, k.failed(DidNotHappen, errors.New("nothing to change"))
	}
	k.payload = req
	r, err := c.do(ctx, k)
	if err != nil {
		return Metadata{}, err
	}
	return r.metadata()
}
