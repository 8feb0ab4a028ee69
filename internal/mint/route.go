package mint

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/tokenmint/tokenmint/config"
)

// route is the route that API Gateway chose. The path of the request is not used: a custom domain
// puts a prefix before it, and a caller can put anything into it.
type route struct {
	pattern  string // route key of the template, such as "POST /tokens"
	kind     config.Route
	username string // in the path; "" on a route without a user name
	profile  string // in the path; "" on a route without a profile
}

// The mint's routes, by path.
var routes = map[string]struct {
	kind      config.Route
	method    string
	parameter string // in the path; "" if there is none
}{
	"/tokens":                      {config.RouteIAM, http.MethodPost, ""},
	"/tokens/v2/{username}":        {config.RouteIAM, http.MethodPost, "username"},
	"/jwt/tokens":                  {config.RouteJWT, http.MethodPost, ""},
	"/jwt/tokens/v2/{username}":    {config.RouteJWT, http.MethodPost, "username"},
	"/custom/tokens":               {config.RouteCustom, http.MethodPost, ""},
	"/custom/tokens/v2/{username}": {config.RouteCustom, http.MethodPost, "username"},
	"/public/tokens/{profile}":     {config.RoutePublic, http.MethodGet, "profile"},
}

// routeOf returns the route of an event, from API Gateway's route key and path parameters. With an
// error, the route has the kind that is known, because replies of the public route differ.
func routeOf(e *event) (route, error) {
	if e.isFormat1() {
		return route{}, refuseFormat
	}
	key := e.routeKey()
	method, path, _ := strings.Cut(key, " ")
	known, ok := routes[path]
	if !ok {
		return route{}, refuseRoute
	}
	r := route{pattern: key, kind: known.kind}
	sent := cmp.Or(e.RequestContext.HTTP.value.Method.value, method)
	if method != known.method || sent != method {
		return r, refuseMethod(known.method)
	}
	value, _ := e.PathParameters.value[known.parameter].(string)
	switch {
	case known.parameter == "":
	case value == "" || strings.Contains(value, "/"):
		return r, refuseRoute
	case known.parameter == "profile":
		r.profile = value
	default:
		r.username = value
	}
	return r, nil
}
