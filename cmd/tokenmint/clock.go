package main

import (
	"context"
	"net/http"
	"strings"
	"time"
)

// clockOf returns the clock of the Mapbox at that address. A simulator tells how far its clock is
// ahead of base. Every other Mapbox has the clock base. Only an address of this machine is asked.
func clockOf(ctx context.Context, tokensAPI string, base func() time.Time) func() time.Time {
	if !isLoopback(tokensAPI) {
		return base
	}
	var clock struct{ Offset string }
	address := strings.TrimRight(tokensAPI, "/") + "/_sim/clock"
	status, err := callJSON(ctx, 2*time.Second, http.MethodGet, address, "", &clock)
	if err != nil || status != http.StatusOK {
		return base
	}
	offset, err := time.ParseDuration(clock.Offset)
	if err != nil {
		return base
	}
	return func() time.Time { return base().Add(offset) }
}

func wallClock() time.Time { return time.Now().Round(0) }
