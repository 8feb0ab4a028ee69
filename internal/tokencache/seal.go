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

// sealer names and seals what a store holds, with keys that are derived from the parent token.
// Without the parent, a reader of the store learns neither a token nor its purpose. A new parent
// makes all older records unreadable.
type sealer struct {
	id    string // differs from any other sealer's
	names [sha256.Size]byte
	aead  cipher.AEAD
}

// newSealer derives the keys with HKDF-SHA256 (RFC 5869). A parent is random enough to need no
// salt.
func newSealer(parent tokens.Token) (*sealer, error) {
	const purpose = "tokenmint token cache v1"
	derived, err := hkdf.Key(sha256.New, []byte(parent.Reveal()), nil, purpose, 2*sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("derive keys: %w", err)
	}
	s := &sealer{id: rand.Text(), names: [sha256.Size]byte(derived[:sha256.Size])}
	block, err := aes.NewCipher(derived[sha256.Size:])
	if err != nil {
		return nil, fmt.Errorf("derive keys: %w", err)
	}
	s.aead, err = cipher.NewGCMWithRandomNonce(block)
	return s, err
}

// key returns the name under which a token for the spec is stored. It is a keyed digest of
// everything that decides what the token grants.
func (s *sealer) key(spec Spec, step string) string {
	mac := hmac.New(sha256.New, s.names[:])
	mac.Write([]byte(specText("", spec, step)))
	return hex.EncodeToString(mac.Sum(nil))
}

// localKey returns the name under which this instance remembers a token for the spec. It changes
// with the parent. Mapbox may end the tokens of a deleted parent, so no caller gets one for longer
// than the parent is cached.
func (s *sealer) localKey(spec Spec, step string) string { return specText(s.id, spec, step) }

// specText writes everything that decides what a token grants. A zero byte ends each part, and no
// part contains one. So two different specs never have the same text.
func specText(first string, spec Spec, step string) string {
	var buf [256]byte // on the stack, which is enough for most
	text := buf[:0]
	for _, part := range [...]string{first, spec.Digest, spec.Profile, step} {
		text = append(append(text, part...), 0)
	}
	for _, scope := range spec.Scopes {
		text = append(append(text, scope...), 0)
	}
	return string(text)
}

// content is what is sealed.
type content struct {
	Token   string    `json:"token"`
	Issued  time.Time `json:"issued"`
	Expires time.Time `json:"expires"`
}

// seal encrypts a token with AES-256-GCM. The key of the record is associated data, so a record
// under another key does not open.
func (s *sealer) seal(key string, t tokens.Temporary) ([]byte, error) {
	text, err := json.Marshal(content{t.Token.Reveal(), t.IssuedAt, t.Expires})
	if err != nil {
		return nil, err
	}
	//nolint:gosec // G407: the AEAD makes the nonce
	return s.aead.Seal(nil, nil, text, []byte(key)), nil
}

// errSealed is all that is said about a record that does not open.
var errSealed = errors.New("record does not open")

// open decrypts a token. A record does not open if another parent sealed it, or if somebody has
// changed it.
func (s *sealer) open(key string, sealed []byte) (tokens.Temporary, error) {
	text, err := s.aead.Open(nil, nil, sealed, []byte(key))
	if err != nil {
		return tokens.Temporary{}, errSealed
	}
	var c content
	if err := json.Unmarshal(text, &c); err != nil || c.Token == "" {
		return tokens.Temporary{}, errSealed
	}
	token := tokens.NewToken(c.Token)
	return tokens.Temporary{Token: token, IssuedAt: c.Issued, Expires: c.Expires}, nil
}

// leaseID returns the name of a new lease.
func leaseID() string { return rand.Text() }
