package config

import (
	"fmt"
	"slices"

	"github.com/tokenmint/tokenmint/config/yaml"
)

// knownScopes are scopes that Mapbox has. Mapbox adds scopes over time, so another scope is a
// warning, not an error.
// Sources: https://docs.mapbox.com/accounts/guides/tokens/#scopes, and the list of an account
// (GET /scopes/v1/{username}).
var knownScopes = []string{
	"atlas:read", "datasets:list", "datasets:read", "datasets:write", "downloads:read",
	"fonts:list", "fonts:metadata",
	"fonts:read", "fonts:write", "map:read", "map:write", "navigation:download", "offline:read",
	"offline:write",
	"scopes:list", "statistics:read", "styles:download", "styles:list", "styles:protect",
	"styles:read", "styles:tiles",
	"styles:write", "tilesets:list", "tilesets:read", "tilesets:write", "tokens:read",
	"tokens:write", "uploads:list",
	"uploads:read", "uploads:write", "user-feedback:read", "user:read", "user:write",
	"vision:download", "vision:read",
}

// IsKnownScope reports whether the scope is in a list of scopes that Mapbox has. The list may be
// incomplete.
func IsKnownScope(scope string) bool { return slices.Contains(knownScopes, scope) }

// warnOfScope adds a warning for a scope that is not known. Mapbox refuses to create a token with a
// scope that does not exist.
func (p *parser) warnOfScope(n *yaml.Node, key string) {
	if IsKnownScope(n.Value) {
		return
	}
	advice := "check its spelling"
	if near := nearestScope(n.Value); near != "" {
		advice = "did you mean " + near + "?"
	}
	p.warnings = append(p.warnings, fmt.Sprintf("%s:%d: %s: unknown scope %s: %s",
		p.file, n.Line, key, n.Value, advice))
}

// nearestScope returns the known scope with the fewest edits to scope, "" if none is near.
func nearestScope(scope string) string {
	best, least := "", max(2, len(scope)/3)+1
	for _, known := range knownScopes {
		if edits := editsBetween(scope, known); edits < least {
			best, least = known, edits
		}
	}
	return best
}

// editsBetween returns the optimal string alignment distance of a and b: the number of letters to
// add, remove, replace or swap with their neighbor.
func editsBetween(a, b string) int {
	var before []int
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			replaced := last[j-1]
			if a[i-1] != b[j-1] {
				replaced++
			}
			row[j] = min(replaced, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
