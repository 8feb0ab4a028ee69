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

// The kinds of token, which are also the first part of their strings.
const (
	public = "pk"
	secret = "sk"
	tempo  = "tk"
)

// claims are a token's payload, in the order in which Mapbox writes it. A permanent token has only a user and an
// authorization, which is its id; a temporary one carries everything but an id.
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

// sign builds a token: usage, payload and a 128-bit HMAC over both, which in base64url is 22 characters.
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

// parse reads a token without trusting it. signed says whether this simulator signed it.
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

// newID returns an id like Mapbox's, a cuid: c, the time in milliseconds, a counter, a fingerprint and noise, in base
// 36, 25 characters together. So ids sort by creation.
func (s *Simulator) newID(now time.Time) string {
	s.issued++
	sum := s.digest("id " + strconv.FormatUint(s.issued, 10))
	return "c" + base36(uint64(now.UnixMilli()), 8) + base36(s.issued, 4) + "sim0" +
		base36(binary.BigEndian.Uint64(sum), 8)
}

// base36 gives the last n digits.
func base36(v uint64, n int) string {
	digits := strings.Repeat("0", n) + strconv.FormatUint(v, 36)
	return digits[len(digits)-n:]
}

// requestID is what CloudFront, which stands before the API, sends as x-amz-cf-id.
func (s *Simulator) requestID() string {
	s.requests++
	sum := s.digest("request " + strconv.FormatUint(s.requests, 10))
	return base64.RawURLEncoding.EncodeToString(sum) + "=="
}
