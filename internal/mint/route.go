package mint

import (
	"net/http"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// route is what the path says.
type route struct {
	pattern  string // for the audit record; never the path itself, which a caller may fill with anything
	username string // "" on /tokens
}

// routeOf finds the route of an event: POST /tokens, or the Tokens API's own POST /tokens/v2/{username}.
func routeOf(event events.APIGatewayV2HTTPRequest) (route, error) {
	path := event.RawPath
	if stage := event.RequestContext.Stage; stage != "$default" && stage != "" {
		// A named stage stands in front of the path, unless a custom domain has mapped it away.
		if rest, ok := strings.CutPrefix(path, "/"+stage+"/"); ok {
			path = "/" + rest
		}
	}
	found := route{pattern: "POST /tokens"}
	if username, ok := strings.CutPrefix(path, "/tokens/v2/"); ok {
		if username == "" || strings.Contains(username, "/") {
			return route{}, refuseRoute
		}
		found = route{pattern: "POST /tokens/v2/{username}", username: username}
	} else if path != "/tokens" {
		return route{}, refuseRoute
	}
	if event.RequestContext.HTTP.Method != http.MethodPost {
		return route{}, refuseMethod
	}
	return found, nil
}
