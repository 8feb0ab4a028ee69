package mapbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The usages of tokens. A token begins with its usage.
const (
	public = "pk"
	secret = "sk"
	tempo  = "tk"
)

// claims are a token's payload, in Mapbox's order. A permanent token has only a user and an
// authorization, which is its id. A temporary token has everything else, but no authorization.
type claims struct {
	User          string   `json:"u"`
	Authorization string   `json:"a,omitempty"`
	Expires       int64    `json:"exp,omitempty"` // unix seconds
	Issued        int64    `json:"iat,omitempty"` // unix seconds
	Scopes        []string `json:"scopes,omitzero"`
	Client        string   `json:"client,omitempty"`
}

func signingKey(seed uint64) []byte {
	key := sha256.Sum256(fmt.Appendf(nil, "mapbox signing key %d", seed))
	return key[:]
}

// sign builds a token from usage, payload and a 128-bit HMAC over both. In base64url, the HMAC has
// 22 characters.
func (s *Simulator) sign(usage string, c claims) string {
	payload, _ := json.Marshal(c) // strings and numbers only
	head := usage + "." + base64.RawURLEncoding.EncodeToString(payload)
	return head + "." + s.signature(head)
}

func (s *Simulator) signature(head string) string {
	return base64.RawURLEncoding.EncodeToString(s.digest(head)[:16])
}

func (s *Simulator) digest(text string) []byte {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// parse reads a token. ok reports whether the token is well-formed. signed reports whether this
// simulator signed it.
func (s *Simulator) parse(token string) (usage string, c claims, signed, ok bool) {
	part := strings.Split(token, ".")
	if len(part) != 3 {
		return "", claims{}, false, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(part[1])
	if err != nil || json.Unmarshal(payload, &c) != nil || c.User == "" {
		return "", claims{}, false, false
	}
	switch usage = part[0]; usage {
	case public, secret:
		ok = c.Authorization != ""
	case tempo:
		ok = c.Expires != 0
	}
	signed = hmac.Equal([]byte(s.signature(part[0]+"."+part[1])), []byte(part[2]))
	return usage, c, signed, ok
}

// idLength is the length of every id.
const idLength = 25

// newID returns an id in Mapbox's form, which is a cuid of 25 characters: c, the time in
// milliseconds, a counter, a fingerprint and a hash, all in base 36. So ids ascend with the time of
// creation.
func (s *Simulator) newID(now time.Time) string {
	s.issued++
	sum := s.digest("id " + strconv.FormatUint(s.issued, 10))
	return "c" + base36(uint64(now.UnixMilli()), 8) + base36(s.issued, 4) + "sim0" +
		base36(binary.BigEndian.Uint64(sum), 8)
}

// base36 returns the last n digits of v.
func base36(v uint64, n int) string {
	digits := strings.Repeat("0", n) + strconv.FormatUint(v, 36)
	return digits[len(digits)-n:]
}

// requestID returns the value of the header X-Amz-Cf-Id. Mapbox's CloudFront adds this header.
func (s *Simulator) requestID() string {
	s.requests++
	sum := s.digest("request " + strconv.FormatUint(s.requests, 10))
	return base64.RawURLEncoding.EncodeToString(sum) + "=="
}
