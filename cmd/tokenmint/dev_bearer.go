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
	readLists(claims)
	return issueBearer(claims, headers)
}

// readLists changes claims from the form of API Gateway into that of a token.
func readLists(claims map[string]any) {
	for name, value := range claims {
		text, _ := value.(string)
		if list, ok := strings.CutPrefix(text, "["); ok && strings.HasSuffix(list, "]") {
			claims[name] = strings.Fields(strings.TrimSuffix(list, "]"))
		}
	}
}

// readBearer returns the authorizer for the token in the header Authorization. dev does not check
// the token. A token without an issuer, an end or a signature is replaced by one that has them.
func readBearer(headers map[string]string) (json.RawMessage, error) {
	token := headers["authorization"]
	if scheme, rest, ok := strings.Cut(token, " "); ok && strings.EqualFold(scheme, "Bearer") {
		token = strings.TrimSpace(rest)
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, errUnauthorized
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, errUnauthorized
	}
	var claims map[string]any
	in := json.NewDecoder(bytes.NewReader(payload))
	in.UseNumber()
	if in.Decode(&claims) != nil || claims == nil {
		return nil, errUnauthorized
	}
	if claims["iss"] == nil || claims["exp"] == nil || parts[2] == "" {
		return issueBearer(claims, headers)
	}
	return jwtAuthorizer(claims)
}

// issueBearer adds the claims that every token has, and sets the header Authorization to a token
// with all claims. It returns the authorizer.
func issueBearer(claims map[string]any, headers map[string]string) (json.RawMessage, error) {
	claims["iss"] = cmp.Or(claims["iss"], any("https://issuer.example"))
	end := fmt.Sprint(cmp.Or(claims["exp"], any(time.Now().Add(time.Hour).Unix())))
	var number json.Number
	if claims["exp"] = any(end); json.Unmarshal([]byte(end), &number) == nil {
		claims["exp"] = number
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return nil, err
	}
	part := base64.RawURLEncoding.EncodeToString
	token := part([]byte(`{"alg":"none"}`)) + "." + part(payload) + "." + part([]byte("dev"))
	headers["authorization"] = "Bearer " + token
	return jwtAuthorizer(claims)
}

// jwtAuthorizer returns the authorizer with claims as API Gateway writes them.
func jwtAuthorizer(claims map[string]any) (json.RawMessage, error) {
	texts := make(map[string]string, len(claims))
	for name, value := range claims {
		texts[name] = fmt.Sprint(value) // writes a list as API Gateway does
	}
	jwt := map[string]any{"claims": texts, "scopes": nil}
	return json.Marshal(map[string]any{"jwt": jwt})
}
