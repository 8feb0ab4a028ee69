// Package tokens is a client of the Mapbox Tokens API. It uses the standard library only.
//
// This function returns a token that works for half an hour:
//
//	func issue(ctx context.Context, auth tokens.Auth) (tokens.Temporary, error) {
//		client, err := tokens.New(tokens.Config{
//			BaseURL:   os.Getenv("TOKENS_API_URL"), // empty: https://api.mapbox.com
//			UserAgent: "shop/1.2",
//		})
//		if err != nil {
//			return tokens.Temporary{}, err
//		}
//		temporary, err := client.CreateTemporary(ctx, auth, tokens.TemporaryRequest{
//			Scopes:  []string{"styles:read", "fonts:read"},
//			Expires: time.Now().Add(30 * time.Minute),
//		})
//		if errors.Is(err, tokens.ErrUnauthorized) {
//			return tokens.Temporary{}, fmt.Errorf("replace the parent token: %w", err)
//		}
//		return temporary, err
//	}
//
// One [Client] is enough for a process, and it is safe for concurrent use. The authorizing token is
// an argument of each call, because it rotates while a program runs.
//
// The facts in this package come from https://docs.mapbox.com/api/accounts/tokens/, from Mapbox's
// OpenAPI description in the repository mapbox/mapbox-cli, and from recorded traffic.
//
// # Secrets
//
// The API reads the authorizing token from the URL's query, so every URL is a secret. A [Token]
// redacts itself wherever it is printed. An [Error] contains no query, no target of a redirect and
// no token, even when the server repeats one.
//
// # Outcomes
//
// An [Error] says whether the operation happened: yes, no, or unknown. Repeat a Create only after
// [OutcomeDidNotHappen]. After any other outcome, list the tokens and look for the note of the new
// token. See [OutcomeOf].
//
// # Conditions
//
// Use [errors.Is] to learn why Mapbox refused a call. Do not compare messages: Mapbox may change
// them. This package decides by the status first. Then it looks for words in the message, in any
// case and with any punctuation. More than one condition can hold.
//
//	condition              status  Mapbox's message
//	ErrUnauthorized        401     Unauthorized
//	ErrForbidden           403     Forbidden
//	ErrNotFound            404     Not Found, or any other
//	ErrNoSuchUser          404     No such user
//	ErrInvalidRequest      422     any
//	ErrScopes              422     scopes are invalid
//	ErrResources           422     resources are invalid
//	ErrExpiryPast          422     expires is in the past
//	ErrExpiryTooFar        422     expires is more than one hour in the future
//	ErrExpiryBeyondParent  422     expires may not be greater than the expiration of the
//	                               authorizing token
//	ErrRateLimited         429     any
//
// # Retries
//
// A call makes at most Config.MaxAttempts attempts. This table says which failures it repeats:
//
//	failure                                           List, ListScopes,  Create, Update,
//	                                                  Retrieve, Delete   CreateTemporary
//	no connection: refused, no such host, no proxy    repeated           repeated
//	429 Too Many Requests                             repeated           repeated
//	5xx                                               repeated           not repeated
//	broken exchange: reset, timeout, half a body      repeated           not repeated
//	3xx, other 4xx, an unreadable reply               not repeated       not repeated
//
// Before each repetition the client waits for a random time. The limit of this time starts at
// 200 ms and doubles up to 10 s (full jitter). After a 429 with X-Rate-Limit-Reset, the client
// first waits until the reset. If a wait would exceed Config.MaxWait or the context's deadline, the
// client does not wait and returns the error at once.
//
// A repeated Delete may get a 404 because an earlier attempt has deleted the token. The error then
// has status 404 and [OutcomeUnknown]. List the tokens to learn whether the token is gone.
package tokens
