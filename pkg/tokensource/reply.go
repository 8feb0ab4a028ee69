package tokensource

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"mime"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// longestLife is more than a mint gives. A longer life is a mistake, such as milliseconds.
const longestLife = 24 * time.Hour

// The life of a token that is kept free for the requests that use it: the smaller one.
const (
	margin      = 30 * time.Second
	marginShare = 10 // a tenth
)

var tokenForm = regexp.MustCompile(`^[tp]k\.[A-Za-z0-9._-]+$`)

// readLease reads a reply with the status 200.
func (s *Source) readLease(resp *http.Response, text []byte, start moment) (*lease, *Error) {
	var got struct {
		Token     string  `json:"token"`
		ExpiresIn float64 `json:"expires_in"`
	}
	bad := func(format string, args ...any) (*lease, *Error) {
		return nil, badReply(resp, fmt.Sprintf(format, args...))
	}
	if err := json.Unmarshal(text, &got); err != nil {
		wrong, ok := errors.AsType[*json.UnmarshalTypeError](err)
		if !ok || wrong.Field == "" {
			return bad("the reply is %s, not the JSON of a mint: is the address right?", kind(resp))
		}
		return bad("%s in the reply is a %s", wrong.Field, wrong.Value)
	}
	life := got.ExpiresIn - seconds(resp.Header.Get("Age"))
	switch {
	case got.Token == "":
		return bad("the reply has no token")
	case !tokenForm.MatchString(got.Token):
		return bad("the token in the reply is not one that a mint gives")
	case got.ExpiresIn <= 0 || got.ExpiresIn > longestLife.Seconds():
		return bad("expires_in in the reply is %v: it must be more than 0 and at most a day",
			got.ExpiresIn)
	}
	l := s.newLease(tokens.NewToken(got.Token), start, time.Duration(life*float64(time.Second)))
	if s.since(start) >= l.usage {
		return nil, &Error{Status: resp.StatusCode, Code: CodeTokenEnded,
			Message: "the token in the reply has ended, or ends too soon"}
	}
	return l, nil
}

func (s *Source) newLease(token tokens.Token, start moment, life time.Duration) *lease {
	return &lease{
		token: token,
		start: start,
		end:   start.wall.Add(life),
		usage: life - min(margin, life/marginShare),
		renew: time.Duration(float64(life) * s.renewalPoint),
	}
}

// readRefusal reads a reply with another status.
func (s *Source) readRefusal(resp *http.Response, text []byte, secret tokens.Token) *Error {
	var said struct {
		Message   string `json:"message"`
		Code      string `json:"code"`
		RequestID string `json:"request_id"`
	}
	isJSON := json.Unmarshal(text, &said) == nil
	e := &Error{
		Status:     resp.StatusCode,
		Code:       tokens.Redact(said.Code, secret),
		Message:    tokens.Redact(said.Message, secret),
		RequestID:  tokens.Redact(said.RequestID, secret),
		RetryAfter: time.Duration(seconds(resp.Header.Get("Retry-After")) * float64(time.Second)),
	}
	if e.RequestID == "" {
		e.RequestID = tokens.Redact(resp.Header.Get("Apigw-Requestid"), secret)
	}
	switch {
	case resp.StatusCode < 400:
		return badReply(resp, "the answer is a redirect or has no token: is the address right?")
	case !isJSON:
		e.Message = "the reply is " + kind(resp) + ", not the JSON of a mint"
	case said.Code == "" && resp.StatusCode == http.StatusForbidden:
		// API Gateway refuses a signature that is older or newer than 5 minutes, and says
		// "Forbidden" only.
		e.Message += s.skew(resp)
	}
	if e.Code == "" {
		e.Code = fmt.Sprintf("http_%d", e.Status)
	}
	return e
}

// skew says how wrong this machine's clock is, if a signature fails for it.
func (s *Source) skew(resp *http.Response) string {
	theirs, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return ""
	}
	ahead := s.wall().Sub(theirs).Round(time.Second)
	side := "ahead"
	if ahead < 0 {
		ahead, side = -ahead, "behind"
	}
	if ahead < 4*time.Minute {
		return ""
	}
	return fmt.Sprintf(" (the clock of this machine is %s %s: set it, a signature is valid for "+
		"minutes)", ahead, side)
}

func badReply(resp *http.Response, message string) *Error {
	return &Error{Status: resp.StatusCode, Code: CodeBadReply, Message: message}
}

// kind names the kind of a reply's body.
func kind(resp *http.Response) string {
	media, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	switch {
	case err != nil:
		return "of an unknown kind"
	case strings.Contains(media, "html"):
		return "an HTML page"
	}
	return tokens.Redact(media, tokens.Token{})
}

// seconds reads a header in seconds. An unreadable or negative one counts as 0.
func seconds(header string) float64 {
	n, err := strconv.ParseFloat(header, 64)
	if err != nil || math.IsNaN(n) || n < 0 {
		return 0
	}
	return min(n, (1000 * time.Hour).Seconds())
}
