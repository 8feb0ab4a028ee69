package tokensim

import "slices"

// scopeBody is a scope as List scopes describes it.
type scopeBody struct {
	ID          string `json:"id"`
	Public      bool   `json:"public,omitempty"`
	Description string `json:"description"`
}

// catalogue is every scope that an account has. Tokens are not held to it: a person may ask for scopes of a product
// that is younger than this list. Nobody changes it.
var catalogue = []scopeBody{
	{ID: "scopes:list", Description: "List all available scopes."},
	{ID: "styles:tiles", Public: true, Description: "Read styles as raster tiles."},
	{ID: "styles:read", Public: true, Description: "Read styles."},
	{ID: "fonts:read", Public: true, Description: "Read fonts."},
	{ID: "datasets:read", Public: true, Description: "Read datasets."},
	{ID: "vision:read", Public: true, Description: "Use the Vision SDK."},
	{ID: "map:read", Description: "Read maps."},
	{ID: "map:write", Description: "Write maps."},
	{ID: "user:read", Description: "Read the account."},
	{ID: "user:write", Description: "Write the account."},
	{ID: "uploads:read", Description: "Read uploads."},
	{ID: "uploads:list", Description: "List uploads."},
	{ID: "uploads:write", Description: "Write uploads."},
	{ID: "styles:write", Description: "Write styles."},
	{ID: "styles:list", Description: "List styles."},
	{ID: "styles:protect", Description: "Protect styles."},
	{ID: "styles:download", Description: "Download styles."},
	{ID: "tokens:read", Description: "Read tokens."},
	{ID: "tokens:write", Description: "Write tokens."},
	{ID: "datasets:list", Description: "List datasets."},
	{ID: "datasets:write", Description: "Write datasets."},
	{ID: "tilesets:list", Description: "List tilesets."},
	{ID: "tilesets:read", Description: "Read tilesets."},
	{ID: "tilesets:write", Description: "Write tilesets."},
	{ID: "downloads:read", Description: "Download SDKs."},
	{ID: "atlas:read", Description: "Read Atlas packages."},
	{ID: "fonts:list", Description: "List fonts."},
	{ID: "fonts:write", Description: "Write fonts."},
	{ID: "fonts:metadata", Description: "Read the metadata of fonts."},
	{ID: "vision:download", Description: "Download the Vision SDK."},
	{ID: "navigation:download", Description: "Download the Navigation SDK."},
	{ID: "offline:read", Description: "Read offline packages."},
	{ID: "offline:write", Description: "Write offline packages."},
	{ID: "user-feedback:read", Description: "Read user feedback."},
	{ID: "statistics:read", Description: "Read statistics."},
}

func publicScopes() []string {
	var ids []string
	for _, scope := range catalogue {
		if scope.Public {
			ids = append(ids, scope.ID)
		}
	}
	return ids
}

// usageOf applies the rule that one secret scope makes a token secret.
func usageOf(scopes []string) string {
	known := publicScopes()
	for _, scope := range scopes {
		if !slices.Contains(known, scope) {
			return secret
		}
	}
	return public
}
