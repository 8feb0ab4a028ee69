package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// probed are the routes that every stack has.
var probed = []string{"/tokens", "/tokens/v2/doctor"}

const (
	probeLimit = 10 * time.Second // for one probe; a cold start takes less than one second
	// probeBody is not JSON: a route that asks nobody who calls must not issue a token to doctor.
	probeBody = "{"
)

// checkRoutes calls each route without credentials, as a stranger does. API Gateway must refuse that. It answers 404 when it
// has no such route: then its authorizer could not be created.
func (e examination) checkRoutes(ctx context.Context, origin string) {
	if origin == "" {
		e.note("routes: MINT_URL is not set, so they are not probed")
		return
	}
	at, err := url.Parse(origin)
	if err != nil || at.Host == "" || at.Scheme != "https" && at.Scheme != "http" {
		e.wrong("routes: MINT_URL is not an http or https address")
		return
	}
	for _, path := range probed {
		e.probe(ctx, strings.TrimRight(origin, "/"), path)
	}
}

func (e examination) probe(ctx context.Context, origin, path string) {
	status, code, err := callRoute(ctx, origin+path)
	switch {
	case err != nil:
		e.wrong("route %s: %v; is MINT_URL right, and does its name lead to the API?", path, err)
	case code == "no_authorizer":
		e.wrong("route %s: API Gateway has no authorizer for it, so the mint refuses every caller; deploy again", path)
	case code != "" && isLoopback(origin):
		e.ok("route %s: answers; on this machine dev says who calls", path)
	case code != "":
		e.wrong("route %s: the mint answered %d %s to a request without credentials; API Gateway must refuse it: deploy again", path, status, code)
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		e.ok("route %s: refuses a caller without credentials (%d)", path, status)
	case status == http.StatusNotFound:
		e.wrong("route %s: is gone (404); deploy again, and see docs/operations.md#a-route-is-gone", path)
	case status == http.StatusTooManyRequests:
		e.note("route %s: is throttled now (429); look again", path)
	default:
		e.wrong("route %s: answered %d to a request without credentials, not 401 or 403; does MINT_URL lead to the API?", path, status)
	}
}

// callRoute returns the status, and the code if the mint answered itself: API Gateway's own answers have none.
func callRoute(ctx context.Context, address string) (status int, code string, err error) {
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(probeBody))
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Content-Type", "application/json")
	reply, err := http.DefaultTransport.RoundTrip(request) // which follows no redirect
	if err != nil {
		return 0, "", err
	}
	defer reply.Body.Close()
	var answer struct{ Code string }
	if json.NewDecoder(io.LimitReader(reply.Body, 64<<10)).Decode(&answer) != nil {
		return reply.StatusCode, "", nil
	}
	return reply.StatusCode, answer.Code, nil
}
