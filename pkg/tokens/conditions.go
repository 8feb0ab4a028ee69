package tokens

import (
	"net/http"
	"strings"
)

// Conditions for [errors.Is]: what a refusal by Mapbox means. The text of a condition is the
// sentence that Mapbox sends for it, so a program that offers the same API can repeat the sentence.
// Only an [Error] matches a condition. The package comment has the table of all conditions.
var (
	// ErrUnauthorized means that Mapbox does not accept the authorizing token: it is unknown,
	// deleted or expired.
	ErrUnauthorized error = &condition{status: http.StatusUnauthorized, text: "Unauthorized"}

	// ErrForbidden means that the authorizing token lacks the scope scopes:list. Only ListScopes
	// is known to return it.
	ErrForbidden error = &condition{status: http.StatusForbidden, text: "Forbidden"}

	// ErrNotFound means that the token or the user does not exist, or that the authorizing token
	// lacks the scope that the operation needs. Mapbox answers the same in each case.
	ErrNotFound error = &condition{status: http.StatusNotFound, text: "Not Found"}

	// ErrNoSuchUser means that no account has the user name. It is also an [ErrNotFound].
	ErrNoSuchUser error = &condition{
		status: http.StatusNotFound, text: "No such user", words: []string{"such", "user"},
	}

	// ErrInvalidRequest means that Mapbox does not accept what the request asks for. The
	// conditions below say more, where the message is known. They are also ErrInvalidRequest.
	ErrInvalidRequest error = &condition{
		status: http.StatusUnprocessableEntity, text: "Unprocessable Entity",
	}

	// ErrScopes means that a scope does not exist, or that the authorizing token lacks the scope.
	// A permanent token also cannot gain a scope of another usage.
	ErrScopes error = &condition{
		status: http.StatusUnprocessableEntity, text: "scopes are invalid",
		words: []string{"scope"},
	}

	// ErrResources means that a resource does not exist or is not allowed.
	ErrResources error = &condition{
		status: http.StatusUnprocessableEntity, text: "resources are invalid",
		words: []string{"resource"},
	}

	// ErrExpiryPast means that the expiry of a temporary token is in the past, by Mapbox's clock.
	ErrExpiryPast error = &condition{
		status: http.StatusUnprocessableEntity, text: "expires is in the past",
		words: []string{"expir", "past"},
	}

	// ErrExpiryTooFar means that the expiry of a temporary token is more than one hour ahead, by
	// Mapbox's clock.
	ErrExpiryTooFar error = &condition{
		status: http.StatusUnprocessableEntity,
		text:   "expires is more than one hour in the future",
		words:  []string{"expir", "hour"},
	}

	// ErrExpiryBeyondParent means that the authorizing token is temporary and expires before the
	// new token would.
	ErrExpiryBeyondParent error = &condition{
		status: http.StatusUnprocessableEntity,
		text:   "expires may not be greater than the expiration of the authorizing token",
		words:  []string{"expir", "authorizing"},
	}

	// ErrRateLimited means that the account has made too many requests. Error.RateLimitReset says
	// when the next request can succeed.
	ErrRateLimited error = &condition{
		status: http.StatusTooManyRequests, text: "Too Many Requests",
	}
)

// condition is one meaning of a refusal.
type condition struct {
	status int
	text   string   // the sentence, as Mapbox writes it
	words  []string // parts that the message must contain, in lower case; nil = any message
}

func (c *condition) Error() string { return c.text }

// holds reports whether e is a refusal of this kind.
func (c *condition) holds(e *Error) bool {
	if e.Status != c.status {
		return false
	}
	message := strings.ToLower(e.Message)
	for _, word := range c.words {
		if !strings.Contains(message, word) {
			return false
		}
	}
	return true
}
