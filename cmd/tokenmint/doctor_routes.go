package main

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tokenmint/tokenmint/config"
)

// allRoutes are the kinds of routes that dev has.
const allRoutes = "iam:jwt:custom:public"

// probed are the routes with an authorizer, with the user name doctor.
var probed = map[config.Route][]string{
	config.RouteIAM:    {"/tokens", "/tokens/v2/doctor"},
	config.RouteJWT:    {"/jwt/tokens", "/jwt/tokens/v2/doctor"},
	config.RouteCustom: {"/custom/tokens", "/custom/tokens/v2/doctor"},
}

const (
	probeLimit = 10 * time.Second // for one route; a cold start takes less than one second
	// probeBody is not JSON. So a route without an authorizer cannot issue a token to doctor.
	probeBody = "{"
)

// checkRoutes calls each route without credentials. routes are the kinds that the stack has, with
// colons between them. API Gateway must refuse these calls, except on the public route. It replies
// 404 for a missing route: API Gateway drops a route when it cannot create the route's authorizer.
func (e examination) checkRoutes(ctx context.Context, origin, routes string) {
	if origin == "" {
		e.note("routes: MINT_URL is not set, so the routes are not checked")
		return
	}
	at, err := url.Parse(origin)
	if err != nil || at.Host == "" || at.Scheme != "https" && at.Scheme != "http" {
		e.wrong("routes: MINT_URL is not an http or https address")
		return
	}
	origin = strings.TrimRight(origin, "/")
	switch {
	case routes == "" && isLoopback(origin):
		routes = allRoutes
	case routes == "":
		e.note("routes: ROUTES is not set, so only the routes for IAM are checked")
		routes = string(config.RouteIAM)
	}
	for kind := range strings.SplitSeq(routes, ":") {
		if config.Route(kind) == config.RoutePublic {
			e.checkPublic(ctx, origin)
		} else if probed[config.Route(kind)] == nil {
			e.wrong("routes: ROUTES has %q: known are %s", kind, allRoutes)
		}
		for _, path := range probed[config.Route(kind)] {
			e.probe(ctx, origin, path)
		}
	}
}

func (e examination) probe(ctx context.Context, origin, path string) {
	var reply struct{ Code string } // the mint's replies have one, API Gateway's own have none
	status, err := callJSON(ctx, probeLimit, http.MethodPost, origin+path, probeBody, &reply)
	code := reply.Code
	switch {
	case err != nil:
		e.wrong("route %s: %v; is MINT_URL right, and does its name lead to the API?", path, err)
	case code == "no_authorizer":
		e.wrong("route %s: API Gateway has no authorizer for it, so the mint refuses every "+
			"caller; deploy again",
			path)
	case code != "" && isLoopback(origin):
		e.ok("route %s: answers; on this machine, dev adds the caller", path)
	case code != "":
		e.wrong("route %s: the mint answered %d %s to a request without credentials; "+
			"API Gateway must refuse such requests: deploy again", path, status, code)
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		e.ok("route %s: refuses a caller without credentials (%d)", path, status)
	case status == http.StatusNotFound:
		e.wrong("route %s: is gone (404); deploy again, and see "+
			"docs/operations.md#a-route-is-gone", path)
	case status == http.StatusTooManyRequests:
		e.note("route %s: is throttled now (429); run doctor again", path)
	default:
		e.wrong("route %s: answered %d to a request without credentials, not 401 or 403; "+
			"does MINT_URL lead to the API?", path, status)
	}
}
