package main

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// addBearer sets the header Authorization to a token with the claims of the authorizer, because the
// mint reads the claims from the token. It returns the authorizer with its claims as API Gateway
// writes them. It returns an authorizer of another kind unchanged.
//
// The given claims may have the form of a token or that of API Gateway. In the form of API Gateway,
// the text "[a b]" is the list of a and b.
func addBearer(authorizer json.RawMessage, headers map[string]string) (json.RawMessage, error) {
	var kinds struct {
		JWT *struct {
			Claims json.RawMessage `json:"claims"`
		} `json:"jwt"`
	}
	if err := json.Unmarshal(authorizer, &kinds); err != nil {
		return nil, fmt.Errorf("X-Dev-Authorizer must be the JSON of "+
			"requestContext.authorizer: %w", err)
	}
	if kinds.JWT == nil || kinds.JWT.Claims == nil {
		return authorizer, nil
	}
	var claims map[string]any
	in := json.NewDecoder(bytes.NewReader(kinds.JWT.Claims))
	in.UseNumber()
	if err := in.Decode(&claims); err != nil {
		return nil, errors.New("X-Dev-Authorizer: the claims of jwt must be a JSON object")
	}
	if claims == nil {
		return authorizer, nil
	}
	gatewayClaims := completeClaims(claims)
	payload, err := json.Marshal(claims)
	if err != nil {
		return nil, err
	}
	part := base64.RawURLEncoding.EncodeToString
	token := part([]byte(`{"alg":"none"}`)) + "." + part(payload) + "." + part([]byte("dev"))
	headers["authorization"] = "Bearer " + token
	jwt := map[string]any{"claims": gatewayClaims, "scopes": nil}
	return json.Marshal(map[string]any{"jwt": jwt})
}

// completeClaims changes claims into the form of a token: it reads lists and adds the claims that
// every token has. It returns the same claims as API Gateway writes them.
func completeClaims(claims map[string]any) map[string]string {
	claims["iss"] = cmp.Or(claims["iss"], any("https://issuer.example"))
	end := fmt.Sprint(cmp.Or(claims["exp"], any(time.Now().Add(time.Hour).Unix())))
	claims["exp"] = json.RawMessage(end)
	if !json.Valid([]byte(end)) {
		claims["exp"] = end
	}
	asText := make(map[string]string, len(claims))
	for name, value := range claims {
		asText[name] = fmt.Sprint(value) // writes a list as API Gateway does
		text, _ := value.(string)
		if list, ok := strings.CutPrefix(text, "["); ok && strings.HasSuffix(list, "]") {
			claims[name] = strings.Fields(strings.TrimSuffix(list, "]"))
		}
	}
	asText["exp"] = end
	return asText
}
