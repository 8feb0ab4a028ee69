// Package tokensource keeps a Go program supplied with a Mapbox token from a mint. It is the Go
// form of the npm package tokenmint. Both pass the scenarios of clients/scenarios.json.
//
//	source, err := tokensource.New(tokensource.Options{URL: "https://…/public/tokens/public-map"})
//	client := &http.Client{Transport: source.Transport(nil)}
//
// # Renewal
//
// A [Source] has no goroutine of its own. A call of [Source.Token] that finds no usable token, or
// one that is due, asks the mint and waits for the reply. Other calls get the old token while it is
// usable, and otherwise wait for the same request. The request ends when the last call that waits
// leaves. A call that has a usable token waits for five seconds at most.
//
// A token is due at a point between 70 and 80 % of its life, which each source chooses at random.
// It is usable until min(30 s, 10 %) of its life is left. Its life is `expires_in` less the header
// Age of a cache. It counts from before the request. The elapsed time is the larger one of the wall
// clock's and the monotonic clock's, because the monotonic clock stands still in sleep.
//
// # Failures
//
//   - A reply with a status of 4xx is a refusal, except 408 and 429. The source remembers it until
//     [Source.Invalidate]. Until then it asks no more. Token returns the old token while it is
//     usable, and then the refusal.
//   - A 401 is a refusal too. If there is an Authorization, it is first asked once more, with
//     refresh.
//   - Any other failure is repeated after a random pause of 1 to 5 s, which grows with each failure
//     up to a minute. The header Retry-After makes the pause longer.
//   - A token that was invalidated and comes back is a failure with the code token_refused. The
//     next request follows after a minute.
//
// A token is in the query of each request to Mapbox. The errors of this package contain none.
package tokensource
