package main

import (
	"strings"

	"github.com/tokenmint/tokenmint/config"
)

// route is what API Gateway finds for a request.
type route struct {
	kind       config.Route // "" for a path without a route
	key        string
	parameters map[string]string // of the path
}

// routeOf returns the route of a request. A path without a route gets $default, the key of the
// catch-all route. The stack has no such route. The mint replies 404 to it, as API Gateway would.
func routeOf(method, path string) route {
	for prefix, kind := range map[string]config.Route{
		"/tokens": config.RouteIAM, "/jwt/tokens": config.RouteJWT,
		"/custom/tokens": config.RouteCustom,
	} {
		if path == prefix {
			return route{kind: kind, key: method + " " + prefix}
		}
		if username, ok := segment(path, prefix+"/v2/"); ok {
			return route{kind, method + " " + prefix + "/v2/{username}",
				map[string]string{"username": username}}
		}
	}
	if profile, ok := segment(path, "/public/tokens/"); ok {
		return route{config.RoutePublic, method + " /public/tokens/{profile}",
			map[string]string{"profile": profile}}
	}
	return route{key: "$default"}
}

// segment returns the one segment of the path after the prefix.
func segment(path, prefix string) (string, bool) {
	rest, ok := strings.CutPrefix(path, prefix)
	return rest, ok && rest != "" && !strings.Contains(rest, "/")
}
