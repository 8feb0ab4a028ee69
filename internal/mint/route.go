package mint

import (
	"cmp"
	"net/http"
	"strings"
)

// route is the one that API Gateway chose for a request. Its path as sent does not count: behind a custom domain it has a
// prefix, and a caller may fill it with anything.
type route struct {
	pattern  string // as in the template, also for the audit record
	username string // of the path, "" on a route without one
}

// routes are the mint's, by path, and tell whether the path has a user name.
var routes = map[string]struct{ hasUsername bool }{
	"/tokens":               {},
	"/tokens/v2/{username}": {hasUsername: true},
}

// routeOf returns the route of an event, from the key and the path parameters that API Gateway found.
func routeOf(e *event) (route, error) {
	if e.isFormat1() {
		return route{}, refuseFormat
	}
	key := e.routeKey()
	method, path, _ := strings.Cut(key, " ")
	kind, ok := routes[path]
	sent := cmp.Or(e.RequestContext.value.HTTP.value.Method.value, method)
	switch {
	case !ok:
		return route{}, refuseRoute
	case method != http.MethodPost, sent != method:
		return route{}, refuseMethod
	case !kind.hasUsername:
		return route{pattern: key}, nil
	}
	username, _ := e.PathParameters.value["username"].(string)
	if username == "" || strings.Contains(username, "/") {
		return route{}, refuseRoute
	}
	return route{pattern: key, username: username}, nil
}
