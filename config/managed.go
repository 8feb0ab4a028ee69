package config

import (
	"slices"
	"strings"
	"time"

	"github.com/tokenmint/tokenmint/config/yaml"
)

// ManagedToken is an additional token: a permanent token that is rotated in its own secret.
type ManagedToken struct {
	Name        string
	Secret      string // name of the secret in Secrets Manager; "" = see [ManagedToken.SecretName]
	Scopes      []string
	AllowedURLs []string // web pages that a public token works on; nil means all
	// mobile applications that a public token works in; nil means all
	AllowedApplications []Application
	RotateEvery         time.Duration
	RetireAfter         time.Duration
}

// Application is a mobile application.
type Application struct {
	Platform string // Android or iOS
	BundleID string // such as com.example.shop
}

// ShortestServedRetireAfter is how long an old public token must live after its replacement if a
// profile gives the token to visitors. A reply tells them that the token lasts an hour from the
// last read of the secret. Caches keep a reply for [PublicCacheLife].
const ShortestServedRetireAfter = ShortestRetireAfter + PublicCacheLife

// publicScopes are the scopes that a public token may have. An unknown scope counts as secret.
// Source: https://docs.mapbox.com/accounts/guides/tokens/#scopes
var publicScopes = []string{
	"datasets:read", "fonts:read", "styles:read", "styles:tiles", "vision:read",
}

// IsPublicScope reports whether a public token may have the scope.
func IsPublicScope(scope string) bool { return slices.Contains(publicScopes, scope) }

// secretScope returns the first scope that makes the token secret, "" for a public token.
func (t ManagedToken) secretScope() string {
	for _, scope := range t.Scopes {
		if !IsPublicScope(scope) {
			return scope
		}
	}
	return ""
}

// IsPublic reports whether Mapbox makes the token public (pk): all its scopes are.
func (t ManagedToken) IsPublic() bool { return t.secretScope() == "" }

// SecretPrefix is how the names of the secrets of additional tokens begin. The roles of the stack
// in this stage have rights on these names.
func SecretPrefix(stage string) string { return "tokenmint/" + stage + "/" }

// Prefix is how the name of the token's secret begins in a stage. The mint may read those of public
// tokens.
func (t ManagedToken) Prefix(stage string) string {
	if t.IsPublic() {
		return SecretPrefix(stage) + "public/"
	}
	return SecretPrefix(stage)
}

// SecretName returns the name of the token's secret in a stage.
func (t ManagedToken) SecretName(stage string) string {
	if t.Secret != "" {
		return t.Secret
	}
	return t.Prefix(stage) + t.Name
}

// isBelowPublic reports whether a name is below the prefix of public tokens, in any stage.
func isBelowPublic(secret string) bool {
	if _, name, isARN := strings.Cut(secret, ":secret:"); isARN {
		secret = name
	}
	parts := strings.SplitN(secret, "/", 4)
	return len(parts) == 4 && parts[0] == "tokenmint" && parts[2] == "public"
}

func (p *parser) managedToken(name, n *yaml.Node, key string) ManagedToken {
	token := ManagedToken{
		Name:        name.Value,
		RotateEvery: defaultRotateEvery,
		RetireAfter: defaultRetireAfter,
	}
	p.checkName(name, key)
	if name.Value == "parent" {
		p.fail(name, key, "this name is reserved for the parent token")
	}
	p.fields(n, key, map[string]field{
		"secret":       p.text(&token.Secret),
		"allowed_urls": p.urls(&token.AllowedURLs),
		"scopes":       p.scopes(&token.Scopes),
		"rotate_every": p.duration(&token.RotateEvery),
		"retire_after": p.duration(&token.RetireAfter),

		"allowed_applications": p.applications(&token.AllowedApplications),
	})
	switch {
	case len(token.Scopes) == 0:
		p.fail(n, key+".scopes", "is missing")
	case token.RotateEvery <= token.RetireAfter:
		p.fail(n, key+".rotate_every",
			"%s must be longer than retire_after (%s), otherwise old tokens accumulate",
			token.RotateEvery, token.RetireAfter)
	case !token.IsPublic() && isBelowPublic(token.Secret):
		p.fail(n, key+".secret", "%s is for public tokens, which the mint may read, "+
			"and %s makes this token secret", token.Secret, token.secretScope())
	case !token.IsPublic() && token.AllowedApplications != nil:
		p.fail(n, key+".allowed_applications", "only a public token can be restricted, "+
			"and %s makes this token secret", token.secretScope())
	}
	return token
}

// applications reads the mobile applications that a token is restricted to.
func (p *parser) applications(into *[]Application) field {
	return func(n *yaml.Node, key string) {
		if n.Kind != yaml.Sequence || len(n.Content) == 0 {
			p.fail(n, key, "must be a list of applications, such as "+
				"- {platform: iOS, bundle_id: com.example.shop}")
			return
		}
		for _, item := range n.Content {
			var app Application
			p.fields(item, key, map[string]field{
				"platform": p.text(&app.Platform), "bundle_id": p.text(&app.BundleID),
			})
			switch {
			case app.Platform != "iOS" && app.Platform != "Android":
				p.fail(item, key+".platform", "%q is not a platform: write iOS or Android",
					app.Platform)
			case app.BundleID == "":
				p.fail(item, key+".bundle_id", "is missing")
			}
			*into = append(*into, app)
		}
	}
}
