package config

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"
)

// knownScopes are the scopes that Mapbox is known to have. Mapbox adds scopes over time, so another one is a warning, never
// an error.
// Source: https://docs.mapbox.com/accounts/guides/tokens/#scopes, and the list of an account (GET /scopes/v1/{username})
var knownScopes = []string{
	"atlas:read", "datasets:list", "datasets:read", "datasets:write", "downloads:read", "fonts:list", "fonts:metadata",
	"fonts:read", "fonts:write", "map:read", "map:write", "navigation:download", "offline:read", "offline:write",
	"scopes:list", "statistics:read", "styles:download", "styles:list", "styles:protect", "styles:read", "styles:tiles",
	"styles:write", "tilesets:list", "tilesets:read", "tilesets:write", "tokens:read", "tokens:write", "uploads:list",
	"uploads:read", "uploads:write", "user-feedback:read", "user:read", "user:write", "vision:download", "vision:read",
}

// IsKnownScope reports whether Mapbox is known to have the scope.
func IsKnownScope(scope string) bool { return slices.Contains(knownScopes, scope) }

// warnOfScope notes a scope that may be misspelt. Mapbox refuses to make tokens with a scope that it does not have.
func (p *parser) warnOfScope(n *yaml.Node, key string) {
	if IsKnownScope(n.Value) {
		return
	}
	advice := "check its spelling"
	if near := nearestScope(n.Value); near != "" {
		advice = "did you mean " + near + "?"
	}
	p.warnings = append(p.warnings, fmt.Sprintf("%s:%d: %s: Mapbox is not known to have the scope %s: %s",
		p.file, n.Line, key, n.Value, advice))
}

// nearestScope returns the known scope that takes the fewest slips to become scope, or "" if none is near.
func nearestScope(scope string) string {
	best, least := "", max(2, len(scope)/3)+1
	for _, known := range knownScopes {
		if slips := slipsBetween(scope, known); slips < least {
			best, least = known, slips
		}
	}
	return best
}

// slipsBetween counts the letters to add, leave out, replace or swap with their neighbour to make a of b.
func slipsBetween(a, b string) int {
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
