// Package tokensim simulates the Mapbox Tokens API (https://docs.mapbox.com/api/accounts/tokens/) in memory, for
// tests and for the local runner. It shares no code with the client in pkg/tokens, so that one misreading cannot hide
// in both.
package tokensim
