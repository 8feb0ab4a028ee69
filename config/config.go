// Package config reads the file that a deployer edits, tokenmint.yaml: the policy.
//
// A deployed function reads the policy with [Load] from a layer. A program without such a file has
// the embedded policy, [Shipped]. [Parse] is strict. Errors are, for example, an unknown key, a
// unit that Go's durations do not have, a scope that must never be issued, and a pattern that
// matches more than its author expects. An error names the file, the line and the key.
package config

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"
)

// Times that the rest of the system relies on. They limit the values of a configuration.
const (
	// LongestLifetime is the longest life that Mapbox gives a temporary token.
	// Source: https://docs.mapbox.com/api/accounts/tokens/#create-a-temporary-token
	LongestLifetime = time.Hour

	// PublicCacheLife is how long caches may keep a reply of the public route.
	PublicCacheLife = time.Minute

	// ShortestLifetime is the least time that a token has to live when a caller gets it. A client
	// could not use a shorter one and ask for the next in time.
	ShortestLifetime = 10 * time.Second

	// ParentCacheLife is how long an instance of the mint may use a parent token after reading it.
	ParentCacheLife = 5 * time.Minute

	// MintTimeout is the longest time of one request to the mint. It is API Gateway's limit.
	MintTimeout = 30 * time.Second

	// ShortestRetireAfter is how long an old parent token must live after its replacement. An
	// instance may have read the old token just before. It may use it for ParentCacheLife, and
	// issue a token of LongestLifetime at the end.
	ShortestRetireAfter = LongestLifetime + ParentCacheLife + MintTimeout
)

// LargestFile is the largest size of a configuration in bytes. A policy of this size has more than
// a thousand profiles, and a function needs more than a tenth of a second to read it.
const LargestFile = 256 << 10

// Config is a checked configuration. Nothing changes it after [Parse].
type Config struct {
	Parent   Parent
	Profiles []Profile // in the file's order, in which they are tried
	Tokens   []ManagedToken
	Cases    []Case   // expected answers, for the command `policy`
	Warnings []string // possible mistakes, one sentence each with file, line and key
}

// Parent says how the parent token is rotated. All other tokens are created with it.
type Parent struct {
	Scopes         []string // nil: see [Config.ParentScopes]
	RotateEvery    time.Duration
	RetireAfter    time.Duration
	MintsPerMinute int // of all profiles together; at least 1
}

// Profile allows the callers in Allow to get temporary tokens with Scopes, or with some of them.
type Profile struct {
	Name     string
	Scopes   []string
	Token    string        // name of the managed token that it gives; "" = it issues temporary ones
	Lifetime time.Duration // of a token; from [ShortestLifetime] to [LongestLifetime]
	Reuse    time.Duration // how long callers share one token; 0 means a token for each request
	Allow    []Rule        // one matching rule is enough

	MintsPerMinute int // of this profile; 0 means that only the parent's limit applies
}

// Digest returns a hash of the whole profile, 32 hexadecimal digits. Cache keys contain it, so an
// edit of the profile hides tokens that were cached before.
func (p Profile) Digest() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%+v", p.plain()))
	return hex.EncodeToString(sum[:16])
}

// plain returns the profile with its rules as text. A rule has a pointer, which prints as an
// address.
func (p Profile) plain() any {
	rules := make([]string, len(p.Allow))
	for i, rule := range p.Allow {
		rules[i] = rule.String()
	}
	return struct {
		Name            string
		Scopes          []string
		Token           string
		Lifetime, Reuse time.Duration
		Rules           []string
		MintsPerMinute  int
	}{p.Name, p.Scopes, p.Token, p.Lifetime, p.Reuse, rules, p.MintsPerMinute}
}

// Rule describes callers of one kind of route, see [Rule.Route]. All of its parts must match.
type Rule struct {
	IAM    *Pattern           // ARN of an IAM user or role; nil if not used
	JWT    map[string]Pattern // by claim; one matching element of a list is enough
	Lambda map[string]Pattern // by key of a Lambda authorizer's context; as for JWT
	Anyone bool               // every caller of the public route
	// of the web page; one match is enough. On the public route, no origin matches too: browsers
	// send none for a GET of the same origin. Programs can send any origin.
	Origins []Pattern
}

// String returns the rule in one line. Equal rules have equal strings.
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

//go:embed tokenmint.yaml
var shipped []byte

// Shipped returns the configuration that is compiled into the program.
func Shipped() (*Config, error) { return Parse("config/tokenmint.yaml", shipped) }

// ShippedText returns the text of the configuration that is compiled into the program.
func ShippedText() []byte { return bytes.Clone(shipped) }

// Load reads and checks the configuration in the file at path. It reads no more of the file than
// [LargestFile] and one byte.
func Load(path string) (*Config, error) {
	text, err := read(path)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	return Parse(path, text)
}

func read(path string) ([]byte, error) {
	file, err := os.Open(path) //nolint:gosec // G304: the operator names the file
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // only read
	return io.ReadAll(io.LimitReader(file, LargestFile+1))
}

// WidestScopes returns the scopes of the profile with the most scopes.
func (c *Config) WidestScopes() []string {
	byScopes := func(a, b Profile) int { return len(a.Scopes) - len(b.Scopes) }
	return slices.MaxFunc(c.Profiles, byScopes).Scopes
}

// ParentScopes returns the scopes that the parent token needs, sorted. They are parent.scopes if
// the file has that key. Otherwise they are the scopes of all profiles and managed tokens, and the
// two that minting and rotation use.
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
