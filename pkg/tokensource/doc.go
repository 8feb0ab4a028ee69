// Package tokensource keeps a Go program supplied with a Mapbox token from a mint. It is the Go
// form of the npm package tokenmint. Both pass the scenarios of clients/scenarios.json.
//
//	source, err := tokensource.New(tokensource.Options{URL: "https://…/public/tokens/web-map"})
//	client := &http.Client{Transport: source.Transport(nil)}
//
// # Renewal
//
// A [Source] has no goroutine of its own. A call of [Source.Token] that finds no usable token, or
// one that is due, asks the mint itself. Other calls get the old token while it is usable, and
// otherwise wait for that one request. A token is due at a random point of 70 to 80 % of its life.
// It is usable until min(30 s, 10 %) of its life is left. Its life is `expires_in` less the header
// Age of a cache, counted from before the request. The elapsed time is the larger one of the wall
// clock's and the monotonic clock's, because the monotonic clock stands still in sleep.
//
// # Failures
//
//   - A reply with a status of 4xx is a refusal, except 408, 425 and 429. The source remembers it
//     for [RefusalMemory]. Until then it asks no more, and Token returns the refusal at once.
//   - A 401 is a refusal too. If there is an Authorization, it is first asked once more, with
//     refresh.
//   - Any other failure is repeated: after the header Retry-After, and otherwise after a random
//     pause of at most 1 s, which doubles with each failure up to a minute.
//   - A token that was invalidated and comes back is a failure with the code token_refused. The
//     next request follows after a minute.
//   - A call whose context ends during its request ends the request. Another call then asks.
//
// A token is in the query of each request to Mapbox. The errors of this package contain none.
package tokensource
