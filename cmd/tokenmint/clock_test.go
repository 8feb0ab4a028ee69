package main

import (
	"testing"
	"time"
)

func TestOnlyLocalSimulatorGivesClock(t *testing.T) {
	t.Parallel()
	moved := service(t, 200, `{"now":"x","offset":"48h0m0s"}`)
	noon := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	base := func() time.Time { return noon }
	for address, want := range map[string]time.Time{
		moved: noon.Add(48 * time.Hour), moved + "/": noon.Add(48 * time.Hour),
		service(t, 404, `{"offset":"48h"}`): noon, service(t, 200, `<html>`): noon,
		service(t, 200, `{"offset":"soon"}`): noon,
		"http://127.0.0.1:1":                 noon, "https://api.mapbox.com": noon,
		"http://localhost.evil.example": noon,
	} {
		t.Run(address, func(t *testing.T) {
			if got := clockOf(t.Context(), address, base)(); !got.Equal(want) {
				t.Errorf("%s: %s, want %s", address, got, want)
			}
		})
	}
}
