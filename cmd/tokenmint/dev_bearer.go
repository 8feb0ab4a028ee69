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

// addBearer makes the token that a JWT authorizer would have verified. The mint reads claims from the token, so the header
// Authorization has to agree with the authorizer's claims. It returns the authorizer with its claims as API Gateway writes
// them. An authorizer of another kind stays as it is.
//
// X-Dev-Authorizer may have claims as a token has them, or as API Gateway writes them: the text "[a b]" is the list of a
// and b.
func addBearer(authorizer json.RawMessage, headers map[string]string) (json.RawMessage, error) {
	var kinds struct {
		JWT *struct {
			Claims json.RawMessage `json:"claims"`
		} `json:"jwt"`
	}
	if err := json.Unmarshal(authorizer, &kinds); err != nil {
		return nil, fmt.Errorf("X-Dev-Authorizer must be the JSON of requestContext.authorizer: %w", err)
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
	said := completeClaims(claims)
	payload, err := json.Marshal(claims)
	if err != nil {
		return nil, err
	}
	part := base64.RawURLEncoding.EncodeToString
	headers["authorization"] = "Bearer " + part([]byte(`{"alg":"none"}`)) + "." + part(payload) + "." + part([]byte("dev"))
	return json.Marshal(map[string]any{"jwt": map[string]any{"claims": said, "scopes": nil}})
}

// completeClaims adds the claims that every token has, reads lists, and returns all claims as API Gateway writes them.
func completeClaims(claims map[string]any) map[string]string {
	claims["iss"] = cmp.Or(claims["iss"], any("https://issuer.example"))
	end := fmt.Sprint(cmp.Or(claims["exp"], any(time.Now().Add(time.Hour).Unix())))
	claims["exp"] = json.RawMessage(end)
	if !json.Valid([]byte(end)) {
		claims["exp"] = end
	}
	said := make(map[string]string, len(claims))
	for name, value := range claims {
		said[name] = fmt.Sprint(value) // of a list exactly API Gateway's form
		text, _ := value.(string)
		if list, ok := strings.CutPrefix(text, "["); ok && strings.HasSuffix(list, "]") {
			claims[name] = strings.Fields(strings.TrimSuffix(list, "]"))
		}
	}
	said["exp"] = end
	return said
}
