package tokencache

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// sealer names and seals what goes into a store, with keys derived from the parent token. Whoever reads the store without the
// parent learns neither a token nor what it is for, and a parent that is rotated takes all that it sealed with it.
type sealer struct {
	names [sha256.Size]byte
	aead  cipher.AEAD
}

// newSealer derives the keys with HKDF-SHA256 (RFC 5869). A parent is random enough to need no salt.
func newSealer(parent tokens.Token) (*sealer, error) {
	derived, err := hkdf.Key(sha256.New, []byte(parent.Reveal()), nil, "tokenmint token cache v1", 2*sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("derive keys: %w", err)
	}
	s := &sealer{names: [sha256.Size]byte(derived[:sha256.Size])}
	block, err := aes.NewCipher(derived[sha256.Size:])
	if err != nil {
		return nil, fmt.Errorf("derive keys: %w", err)
	}
	s.aead, err = cipher.NewGCMWithRandomNonce(block)
	return s, err
}

// key returns the name under which a token for the order is stored: a keyed digest of all that decides what it grants.
func (s *sealer) key(o Order, step string) string {
	text := make([]byte, 0, 512)
	add := func(part string) { text = append(append(text, part...), 0) } // no part holds a zero byte, so no two lists of parts read alike
	add(o.Policy)
	add(o.Profile)
	add(step)
	for _, scope := range o.Scopes {
		add(scope)
	}
	mac := hmac.New(sha256.New, s.names[:])
	mac.Write(text)
	return hex.EncodeToString(mac.Sum(nil))
}

// content is what is sealed.
type content struct {
	Token   string    `json:"token"`
	Issued  time.Time `json:"issued"`
	Expires time.Time `json:"expires"`
}

// seal encrypts a token with AES-256-GCM. The key's name is associated data, so a record that is moved under another key
// does not open.
func (s *sealer) seal(key string, t tokens.Temporary) ([]byte, error) {
	text, err := json.Marshal(content{t.Token.Reveal(), t.IssuedAt, t.Expires})
	if err != nil {
		return nil, err
	}
	return s.aead.Seal(nil, nil, text, []byte(key)), nil //nolint:gosec // G407: the AEAD makes the nonce
}

// errSealed is all that is said about a record that does not open.
var errSealed = errors.New("record does not open")

// open decrypts a token. A record that another parent sealed, or that somebody has changed, does not open.
func (s *sealer) open(key string, sealed []byte) (tokens.Temporary, error) {
	text, err := s.aead.Open(nil, nil, sealed, []byte(key))
	if err != nil {
		return tokens.Temporary{}, errSealed
	}
	var c content
	if err := json.Unmarshal(text, &c); err != nil || c.Token == "" {
		return tokens.Temporary{}, errSealed
	}
	return tokens.Temporary{Token: tokens.NewToken(c.Token), IssuedAt: c.Issued, Expires: c.Expires}, nil
}

// leaseID returns the name of a new lease.
func leaseID() string { return rand.Text() }
