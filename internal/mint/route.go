package mint

import (
	"cmp"
	"net/http"
	"strings"
)

// route is the route that API Gateway chose. The path of the request is not used: a custom domain
// puts a prefix before it, and a caller can put anything into it.
type route struct {
	pattern  string // route key of the template, such as "POST /tokens"
	username string // in the path; "" on a route without a user name
}

// routes are the mint's routes, by path.
var routes = map[string]struct{ hasUsername bool }{
	"/tokens":               {},
	"/tokens/v2/{username}": {hasUsername: true},
}

// routeOf returns the route of an event, from API Gateway's route key and path parameters.
func routeOf(e *event) (route, error) {
	if e.isFormat1() {
		return route{}, refuseFormat
	}
	key := e.routeKey()
	method, path, _ := strings.Cut(key, " ")
	kind, ok := routes[path]
	sent := cmp.Or(e.RequestContext.HTTP.value.Method.value, method)
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
