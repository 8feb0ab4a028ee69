// Package tokens is a client of the Mapbox Tokens API, https://docs.mapbox.com/api/accounts/tokens/.
//
// The authorising token is an argument of each call, not state of the [Client]: it rotates while a
// program runs. A [Client] is safe for concurrent use; one is enough for a process.
//
// # Secrets
//
// The API takes its authorisation in the URL's query, so every URL is a secret. A [Token] redacts itself
// wherever it is printed, and an [Error] never holds a query, a redirect's target or a token, not even
// one that the server echoed.
//
// # Outcomes
//
// An [Error] says what became of the operation: it did not happen, it happened though its reply is lost,
// or that is unknown. Never repeat a Create whose outcome is unknown or that happened: list first, and
// look for what it may have left. See [OutcomeOf].
//
// # Retries
//
// A call is tried at most Config.MaxAttempts times. Which failures are tried again depends on whether
// a repetition could do harm:
//
//	failure                                             List, ListScopes,   Create,
//	                                                    Retrieve, Delete    CreateTemporary, Update
//	no connection: refused, no such host, other dial    again               again
//	429 Too Many Requests                               again               again
//	5xx                                                 again               no
//	exchange broken: reset, time-out, half a body       again               no
//	3xx, other 4xx, a reply that makes no sense         no                  no
//
// Before another try the client waits a random time below a ceiling that starts at 200 ms and doubles
// up to 10 s (full jitter). After a 429 that carries X-Rate-Limit-Reset that wait begins at the reset.
// A wait that would exceed Config.MaxWait, or outlast the context's deadline, is not begun: the error is
// returned at once.
//
// A Delete that is tried again after an unknown outcome may meet its own success as a 404. It is
// reported as an [Error] with status 404 and [OutcomeUnknown]: list to learn which it was.
package tokens
