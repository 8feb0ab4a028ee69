// Package config holds the one file that a deployer edits, tokenmint.yaml, and what it means.
//
// The file is embedded, so a function starts with exactly what was reviewed and built. Reading it is strict: an
// unknown key, a unit that Go's durations do not have, a scope that must not be lent or a pattern that matches more
// than it seems to is an error that names the file, the line and the key.
package config

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"
)

// Times that the rest of the system is built on. They bound what a configuration may ask for.
const (
	// LongestLifetime is the longest life that Mapbox gives a temporary token.
	// Source: https://docs.mapbox.com/api/accounts/tokens/#create-a-temporary-token
	LongestLifetime = time.Hour

	// ShortestLifetime is the least life that a token has when a caller gets it. A shorter one ends before a client can
	// use it and ask for the next.
	ShortestLifetime = 10 * time.Second

	// ParentCacheLife is how long an instance of the mint may use a parent token that it has read.
	ParentCacheLife = 5 * time.Minute

	// MintTimeout is the longest that one request to the mint may run: API Gateway's own limit.
	MintTimeout = 30 * time.Second

	// ShortestRetireAfter is how long an old parent token must outlive its replacement: an instance may have read it
	// just before, keep it, and in its last second of use lend a temporary token of full life.
	ShortestRetireAfter = LongestLifetime + ParentCacheLife + MintTimeout
)

// Config is a checked configuration. It is read-only after [Parse].
type Config struct {
	Parent   Parent
	Profiles []Profile // in the file's order, which is the order in which they are tried
	Tokens   []ManagedToken
	Warnings []string // what may be a slip, a sentence each with file, line and key
}

// Parent says how the token that all others come from is kept fresh.
type Parent struct {
	Scopes         []string // nil: see [Config.ParentScopes]
	RotateEvery    time.Duration
	RetireAfter    time.Duration
	MintsPerMinute int // by all profiles together
}

// Profile is a named right: the callers in Allow may have temporary tokens with Scopes, or fewer.
type Profile struct {
	Name     string
	Scopes   []string
	Lifetime time.Duration // of a token, at most [LongestLifetime]
	Reuse    time.Duration // how long one token serves all callers; 0 means a token for each request
	Allow    []Rule        // any one suffices

	MintsPerMinute int // by this profile; 0 = only the parent's limit holds
}

// Digest returns a short name of all that the profile says. Whatever is cached under it is forgotten by an edit.
func (p Profile) Digest() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%+v", p.plain()))
	return hex.EncodeToString(sum[:16])
}

// plain returns the profile with its rules as text: a rule holds a pointer, which prints as an address.
func (p Profile) plain() any {
	rules := make([]string, len(p.Allow))
	for i, rule := range p.Allow {
		rules[i] = rule.String()
	}
	return struct {
		Name            string
		Scopes          []string
		Lifetime, Reuse time.Duration
		Rules           []string
		MintsPerMinute  int
	}{p.Name, p.Scopes, p.Lifetime, p.Reuse, rules, p.MintsPerMinute}
}

// Rule describes callers. All of its parts must hold; a rule without any describes nobody.
type Rule struct {
	IAM     *Pattern           // the caller's IAM user or role ARN
	JWT     map[string]Pattern // claims; one element of a list claim suffices
	Lambda  map[string]Pattern // what a Lambda authorizer says of the caller, likewise
	Anyone  bool               // whoever calls, known or not
	Origins []Pattern          // of the web page that calls, any one; only a browser tells it truly
}

// String returns the rule in one line, equal for equal rules.
func (r Rule) String() string {
	var parts []string
	if r.IAM != nil {
		parts = append(parts, fmt.Sprintf("iam: %q", r.IAM))
	}
	for _, claim := range slices.Sorted(maps.Keys(r.JWT)) {
		parts = append(parts, fmt.Sprintf("jwt.%s: %q", claim, r.JWT[claim]))
	}
	for _, key := range slices.Sorted(maps.Keys(r.Lambda)) {
		parts = append(parts, fmt.Sprintf("lambda.%s: %q", key, r.Lambda[key]))
	}
	if r.Anyone {
		parts = append(parts, "anyone")
	}
	if len(r.Origins) > 0 {
		parts = append(parts, fmt.Sprintf("origins: %q", r.Origins))
	}
	return strings.Join(parts, ", ")
}

// ManagedToken is a permanent token that is kept fresh in a secret of its own.
type ManagedToken struct {
	Name        string
	Secret      string // name of the secret in Secrets Manager
	Scopes      []string
	AllowedURLs []string // web pages that a public token works on; nil = any
	RotateEvery time.Duration
	RetireAfter time.Duration
}

//go:embed tokenmint.yaml
var shipped []byte

// Shipped returns the configuration that was compiled in.
func Shipped() (*Config, error) { return Parse("config/tokenmint.yaml", shipped) }

// Load reads the configuration in the file at path.
func Load(path string) (*Config, error) {
	text, err := os.ReadFile(path) //nolint:gosec // G304: whoever runs the command names the file
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	return Parse(path, text)
}

// WidestScopes returns the scopes of the profile that lends the most.
func (c *Config) WidestScopes() []string {
	return slices.MaxFunc(c.Profiles, func(a, b Profile) int { return len(a.Scopes) - len(b.Scopes) }).Scopes
}

// ParentScopes returns the scopes that the parent token needs, sorted: those that the file gives it, or else all that
// profiles and managed tokens lend plus the two that minting and rotation use.
func (c *Config) ParentScopes() []string {
	if c.Parent.Scopes != nil {
		return slices.Clone(c.Parent.Scopes)
	}
	scopes := []string{"tokens:read", "tokens:write"}
	for _, p := range c.Profiles {
		scopes = append(scopes, p.Scopes...)
	}
	for _, t := range c.Tokens {
		scopes = append(scopes, t.Scopes...)
	}
	slices.Sort(scopes)
	return slices.Compact(scopes)
}
