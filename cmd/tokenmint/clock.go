package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"
)

// clockOf returns the clock of the Mapbox at that address: base, or, for a simulator whose clock was moved, base and as
// much ahead. Only an address of this machine is asked. What does not answer as a simulator does has base.
func clockOf(ctx context.Context, tokensAPI string, base func() time.Time) func() time.Time {
	if !isLoopback(tokensAPI) {
		return base
	}
	ahead := simulatorOffset(ctx, tokensAPI)
	return func() time.Time { return base().Add(ahead) }
}

func simulatorOffset(ctx context.Context, tokensAPI string) time.Duration {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(tokensAPI, "/")+"/_sim/clock", nil)
	if err != nil {
		return 0
	}
	reply, err := http.DefaultTransport.RoundTrip(request) // which follows no redirect
	if err != nil {
		return 0
	}
	defer reply.Body.Close()
	var clock struct{ Offset string }
	if reply.StatusCode != http.StatusOK || json.NewDecoder(io.LimitReader(reply.Body, 4096)).Decode(&clock) != nil {
		return 0
	}
	ahead, err := time.ParseDuration(clock.Offset)
	if err != nil {
		return 0
	}
	return ahead
}
