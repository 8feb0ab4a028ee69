package mint

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/internal/tokencache"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// refusal is an error that a caller may read: a status, a code that stays the same between releases, and one sentence.
// Where Mapbox has a sentence for the same fault, it is that one. The cause is for the audit record alone.
type refusal struct {
	status  int
	code    string
	message string
	headers map[string]string
	cause   error
}

func (r *refusal) Error() string { return r.code + ": " + r.message }

func (r *refusal) Unwrap() error { return r.cause }

// because returns the refusal with its cause.
func (r *refusal) because(cause error) *refusal {
	with := *r
	with.cause = cause
	return &with
}

// What is refused before anything is read or minted.
var (
	refuseRoute  = &refusal{status: 404, code: "not_found", message: tokens.ErrNotFound.Error()}
	refuseMethod = &refusal{status: 405, code: "method_not_allowed", message: "only POST is answered here",
		headers: map[string]string{"Allow": http.MethodPost}}
	refuseNoAuthorizer = &refusal{status: 403, code: "no_authorizer",
		message: "no authorizer ran, so nobody is known to be calling: the route needs an IAM or JWT authorizer (sam local start-api runs none)"}
	refuseEvent  = &refusal{status: 403, code: "event_unreadable", message: "what API Gateway says of this request cannot be read, so nobody is known to be calling"}
	refuseFormat = &refusal{status: 403, code: "event_unreadable",
		message: "the event has payload format 1.0, and the mint reads 2.0 only: set payloadFormatVersion of the integration to 2.0"}
	refuseTooLarge = &refusal{status: 413, code: "body_too_large", message: "the body is larger than 8 KiB"}

	refuseCaller = &refusal{status: 403, code: "caller_not_allowed",
		message: "no profile allows this caller: ask the operator of tokenmint for a rule in the allow list of a profile"}
	refuseProfile = &refusal{status: 403, code: "profile_not_allowed", message: "this caller has no profile of that name"}

	refuseScopes    = &refusal{status: 422, code: "scopes_invalid", message: tokens.ErrScopes.Error()}
	refusePermanent = &refusal{status: 422, code: "permanent_not_offered",
		message: "expires is required: a body without expires or ttl asks for a permanent token, and none is given here"}
	refuseExpirySoon = &refusal{status: 422, code: "expires_too_soon",
		message: fmt.Sprintf("expires is less than %d seconds in the future", config.ShortestLifetime/time.Second)}
	refuseExpiryPast = &refusal{status: 422, code: "expires_past", message: tokens.ErrExpiryPast.Error()}
	refuseExpiryFar  = &refusal{status: 422, code: "expires_too_far", message: tokens.ErrExpiryTooFar.Error()}
	refuseUsername   = &refusal{status: 404, code: "no_such_user", message: tokens.ErrNoSuchUser.Error()}
)

// What is refused because of our own side, or Mapbox's.
var (
	refuseInternal       = &refusal{status: 500, code: "internal", message: "Internal Server Error"}
	refuseParentUnread   = &refusal{status: 503, code: "parent_unavailable", message: "the parent token cannot be read now; try again later"}
	refuseParentUnusable = &refusal{status: 503, code: "parent_unusable", message: "the stored parent token is not usable; its operator must replace it"}
	refuseParentRejected = &refusal{status: 503, code: "parent_rejected", message: "Mapbox does not accept the parent token; its operator must replace it"}
	refuseParentScopes   = &refusal{status: 503, code: "parent_lacks_scopes", message: "the parent token may not create tokens: it lacks tokens:write"}
	refuseBusy           = &refusal{status: 429, code: "rate_limited", message: "Mapbox's rate limit is reached; try again after Retry-After seconds"}
	refuseSpent          = &refusal{status: 429, code: "budget_spent", message: "the mints of this minute are spent; try again after Retry-After seconds"}
	refuseSlow           = &refusal{status: 504, code: "upstream_timeout", message: "Mapbox did not answer in time"}
	refuseFailed         = &refusal{status: 502, code: "upstream_failed", message: "Mapbox could not mint a token now; try again later"}
)

func refuseBody(format string, args ...any) *refusal {
	return &refusal{status: 400, code: "malformed", message: fmt.Sprintf(format, args...)}
}

func refuseBeyond(mine []*config.Profile) *refusal {
	return &refusal{status: 403, code: "scopes_not_allowed", message: "these scopes are beyond this caller's profiles; within one request ask for scopes of one of: " + describe(mine)}
}

func refuseExpiryBeyond(p *config.Profile) *refusal {
	return &refusal{status: 422, code: "expires_beyond_profile", message: fmt.Sprintf("expires is more than %s in the future, which is the longest that profile %s gives", p.Lifetime, p.Name)}
}

// refusalOf says to a caller what an error of minting means, where timed tells whether he asked for an end of his own. It returns nil for
// a nil error.
func (h *Handler) refusalOf(err error, timed bool) error {
	if err == nil {
		return nil
	}
	if r, ok := errors.AsType[*refusal](err); ok {
		return r
	}
	if spent, ok := errors.AsType[*tokencache.SpentError](err); ok {
		return busyUntil(refuseSpent, spent.Until, h.now()).because(err)
	}
	switch {
	case errors.Is(err, tokens.ErrRateLimited):
		var reset time.Time
		if upstream, ok := errors.AsType[*tokens.Error](err); ok {
			reset = upstream.RateLimitReset
		}
		return busyUntil(refuseBusy, tokencache.OpenAgain(reset, h.now()), h.now()).because(err)
	case errors.Is(err, tokens.ErrUnauthorized):
		return refuseParentRejected.because(err)
	case errors.Is(err, tokens.ErrNotFound):
		return refuseParentScopes.because(err)
	case errors.Is(err, tokens.ErrScopes):
		return refuseScopes.because(err)
	case timed && errors.Is(err, tokens.ErrExpiryPast):
		return refuseExpiryPast.because(err)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return refuseSlow.because(err)
	}
	return refuseFailed.because(err)
}

// busyUntil adds when to come again, in a second at the soonest.
func busyUntil(r *refusal, until, now time.Time) *refusal {
	wait := max(until.Sub(now), time.Second)
	busy := *r
	busy.headers = map[string]string{"Retry-After": strconv.Itoa(int(math.Ceil(wait.Seconds())))}
	return &busy
}
