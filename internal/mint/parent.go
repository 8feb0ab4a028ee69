package mint

import (
	"errors"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
)

// newParentCache returns the cache of the parent token.
func newParentCache(read ReadParent, now func() time.Time) *secretCache {
	return &secretCache{
		read: read, parse: parseParent, now: now, lock: make(chan struct{}, 1),
		unread: refuseParentUnread, unusable: refuseParentUnusable,
	}
}

// parseParent parses the value of the secret. It refuses a temporary token that has expired.
func parseParent(value secrets.Value, now time.Time) (secrets.Credential, error) {
	credential, err := secrets.ParseCredential(value)
	if err == nil && !credential.Expires.IsZero() && !now.Before(credential.Expires) {
		return secrets.Credential{}, errors.New("has a temporary token that has expired")
	}
	return credential, err
}
