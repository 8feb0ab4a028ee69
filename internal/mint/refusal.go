package mint

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/internal/tokencache"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// refusal is an error for the caller: a status, a stable code and one sentence. If Mapbox has a
// sentence for the same error, the refusal has that one. The cause is for the audit record only.
type refusal struct {
	status  int
	code    string
	message string
	headers map[string]string
	cause   error
}

func (r *refusal) Error() string { return r.code + ": " + r.message }

func (r *refusal) Unwrap() error { return r.cause }

func newRefusal(status int, code, message string) *refusal {
	return &refusal{status: status, code: code, message: message}
}

// because returns a copy of the refusal with a cause.
func (r *refusal) because(cause error) *refusal {
	c := *r
	c.cause = cause
	return &c
}

// with returns a copy of the refusal with one header.
func (r *refusal) with(name, value string) *refusal {
	c := *r
	c.headers = map[string]string{name: value}
	return &c
}

// Refusals before a secret is read or a token is minted.
var (
	refuseRoute        = newRefusal(404, "not_found", tokens.ErrNotFound.Error())
	refuseNoAuthorizer = newRefusal(403, "no_authorizer",
		"no authorizer ran, so the caller is unknown: the route needs an authorizer of its kind "+
			"(sam local start-api runs none)")
	refuseEvent = newRefusal(403, "event_unreadable",
		"the data of API Gateway about this request cannot be read, so the caller is unknown")
	refuseFormat = newRefusal(403, "event_unreadable",
		"the event has payload format 1.0, and the mint reads only 2.0: "+
			"set payloadFormatVersion of the integration to 2.0")
	refuseTooLarge = newRefusal(413, "body_too_large", "the body is larger than 8 KiB")

	refuseCaller = newRefusal(403, "caller_not_allowed",
		"no profile allows this caller: "+
			"ask the operator of tokenmint for a rule in the allow list of a profile")
	refuseProfile = newRefusal(403, "profile_not_allowed",
		"this caller has no profile of that name")

	refusePublicProfile = newRefusal(404, "no_such_profile",
		"there is no public profile of that name")
	refuseOrigin = newRefusal(403, "origin_not_allowed",
		"this profile does not allow pages of this origin: "+
			"ask the operator of tokenmint to add it to the origins of the profile's rule")

	refuseScopes    = newRefusal(422, "scopes_invalid", tokens.ErrScopes.Error())
	refusePermanent = newRefusal(422, "permanent_not_offered",
		"expires is required: a body without expires or ttl asks for a permanent token, "+
			"and the mint issues none")
	refuseExpirySoon = newRefusal(422, "expires_too_soon", fmt.Sprintf(
		"expires is less than %d seconds in the future", config.ShortestLifetime/time.Second))
	refuseExpiryPast = newRefusal(422, "expires_past", tokens.ErrExpiryPast.Error())
	refuseExpiryFar  = newRefusal(422, "expires_too_far", tokens.ErrExpiryTooFar.Error())
)

// Refusals after the parent secret was read, or because of the secret, Mapbox or the mint itself.
var (
	refuseUsername     = newRefusal(404, "no_such_user", tokens.ErrNoSuchUser.Error())
	refuseInternal     = newRefusal(500, "internal", "Internal Server Error")
	refuseParentUnread = newRefusal(503, "parent_unavailable",
		"the parent token cannot be read now; try again later")
	refuseParentUnusable = newRefusal(503, "parent_unusable",
		"the stored parent token is not usable; its operator must replace it")
	refuseParentRejected = newRefusal(503, "parent_rejected",
		"Mapbox does not accept the parent token; its operator must replace it")
	refuseParentScopes = newRefusal(503, "parent_lacks_scopes",
		"the parent token may not create tokens: it lacks tokens:write")
	refuseServedUnread = newRefusal(503, "token_unavailable",
		"the token of this profile cannot be read now; try again later")
	refuseServedUnusable = newRefusal(503, "token_unusable",
		"the stored token of this profile is not a public token; its operator must replace it")
	refuseBusy = newRefusal(429, "rate_limited",
		"Mapbox's rate limit is reached; try again after Retry-After seconds")
	refuseSpent = newRefusal(429, "budget_spent",
		"the mint budget for this minute is used up; try again after Retry-After seconds")
	refuseUnshared = newRefusal(503, "table_unavailable",
		"the token table does not answer; try again after Retry-After seconds")
	refuseSlow    = newRefusal(504, "upstream_timeout", "Mapbox did not answer in time")
	refuseWaiting = newRefusal(503, "upstream_slow",
		"Mapbox has not answered yet; try again")
	refuseFailed = newRefusal(502, "upstream_failed",
		"Mapbox could not mint a token now; try again later")
)

func refuseBody(format string, args ...any) *refusal {
	return newRefusal(400, "malformed", fmt.Sprintf(format, args...))
}

func refuseMethod(allowed string) *refusal {
	return newRefusal(405, "method_not_allowed", "only "+allowed+" is answered here").
		with("Allow", allowed)
}

func refuseBeyond(mine []*config.Profile) *refusal {
	return newRefusal(403, "scopes_not_allowed",
		"no profile of this caller has all these scopes; ask for scopes of one of: "+describe(mine))
}

func refuseExpiryBeyond(p *config.Profile) *refusal {
	return newRefusal(422, "expires_beyond_profile", fmt.Sprintf(
		"expires is more than %s in the future, the longest lifetime of profile %s", p.Lifetime,
		p.Name))
}

// refusalOf returns the refusal for an error of minting, nil for nil. timed says that the caller
// asked for an expiry of their own.
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
	if unshared, ok := errors.AsType[*tokencache.UnsharedError](err); ok {
		return busyUntil(refuseUnshared, unshared.Until, h.now()).because(err)
	}
	switch {
	case errors.Is(err, tokencache.ErrPanic):
		return refuseInternal.because(err)
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

// busyUntil adds Retry-After: the seconds until a time, at least one.
func busyUntil(r *refusal, until, now time.Time) *refusal {
	wait := max(until.Sub(now), time.Second)
	return r.with("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
}
