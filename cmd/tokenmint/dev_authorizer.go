package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/tokenmint/tokenmint/config"
)

// authorizerOf returns requestContext.authorizer: what the authorizer of such a route says, or the
// value of the header X-Dev-Authorizer. null means a route without an authorizer. For a JWT,
// authorizerOf may replace the header Authorization of the event.
func authorizerOf(
	r *http.Request, kind config.Route, headers map[string]string,
) (json.RawMessage, error) {
	said := r.Header.Get("X-Dev-Authorizer")
	switch {
	case kind == config.RoutePublic:
		return json.RawMessage("null"), nil
	case said != "":
		if err := checkAuthorizer(said); err != nil {
			return nil, fmt.Errorf("X-Dev-Authorizer: %w", err)
		}
		return addBearer(json.RawMessage(said), headers)
	case kind == config.RouteJWT:
		return readBearer(headers)
	case kind == config.RouteCustom:
		return nil, errUnauthorized // dev cannot ask the deployer's function
	}
	return json.RawMessage(
		`{"iam":{"userArn":"` + devCaller + `","accountId":"000000000000"}}`), nil
}

// checkAuthorizer refuses a header that describes no caller because of a mistake.
func checkAuthorizer(header string) error {
	var kinds map[string]json.RawMessage
	if json.Unmarshal([]byte(header), &kinds) != nil {
		return errors.New("it must be the JSON of requestContext.authorizer, such as " +
			`{"iam":{"userArn":"arn:aws:iam::1:role/web"}}`)
	}
	for kind, value := range kinds {
		var members map[string]json.RawMessage
		isObject := json.Unmarshal(value, &members) == nil && members != nil
		switch kind {
		case "iam":
			if !isObject || members["userArn"] == nil {
				return errors.New(
					`"iam" needs "userArn": {"iam":{"userArn":"arn:aws:iam::1:role/web"}}`)
			}
		case "jwt":
			var claims map[string]json.RawMessage
			if !isObject || json.Unmarshal(members["claims"], &claims) != nil || claims == nil {
				return errors.New(`"jwt" needs "claims",
					an object: {"jwt":{"claims":{"groups":"maps"}}}`)
			}
		case "lambda":
			if !isObject && string(value) != "null" {
				return errors.New(
					`"lambda" must be an object or null: {"lambda":{"tenant":"acme"}}`)
			}
		default:
			return fmt.Errorf("unknown member %q: known are iam, jwt and lambda", kind)
		}
	}
	return nil
}
