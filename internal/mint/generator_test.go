package mint_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/tokenmint/tokenmint/config"
)

// generator makes rules, some of which are refused, and callers that come near to them.
type generator struct{ *rand.Rand }

func (g generator) pick(of []string) string { return of[g.IntN(len(of))] }

var (
	partitions = []string{"aws", "aws", "aws-us-gov", "aws-cn"}
	accounts   = []string{"123456789012", "210987654321"}
	names      = []string{"web", "web-app", "web-x1", "ci", "AWSReservedSSO_Maps_0a", "maps"}
	paths      = []string{"", "", "", "service-role/", "aws-reserved/sso.amazonaws.com/eu-west-1/",
		"team/maps/"}
	claimNames = []string{"groups", "groups", "groups", "groups", "realm_access.roles", "a.b",
		"https://example.com/groups", "scope", "scp", "email_verified", "tenant", "sub", "Groups",
		"a"}
	claimRules = []string{"maps", "maps", "maps", `"Maps Viewers"`, "map*", `"*maps"`, "true", "7",
		"9007199254740993", "9007199254740992", `"[maps]"`, `"1.0"`, "1.5", "-0", "ann", "staff"}
	claimValues = []string{`"maps"`, `["maps","staff"]`, `["ops","maps"]`, `"Maps Viewers"`,
		`"[maps]"`, `"not maps"`, `"maps staff"`, `["maps"]`, `["staff","maps"]`,
		`["Bing maps interns"]`, `["Maps Viewers","x"]`, `true`,
		`false`, `"true"`, `7`, `9007199254740993`, `9007199254740992`, `1.0`, `1.5`, `1e3`, `-0`,
		`null`, `{"b":"maps"}`, `{"roles":["maps","ops"]}`, `{"b":{"c":1}}`, `[]`,
		`[["maps"]]`, `[null,"maps"]`, `[7,true]`, `"maps\u0000"`, `"map\ud800"`, `"ann"`,
		`{"roles":"maps"}`, `"staff"`}
	originRules = []string{"https://maps.example.com", "https://*.example.com",
		"https://maps.example.com:443", "https://Maps.example.com", "https://*",
		"http://localhost:*",
		"http://localhost*", "https://maps.example.com:8443", "https://maps*.com",
		"https://pr-*.maps.example.com", "http://localhost", "https://maps.example.com:*"}
	originsSent = []string{"", "", "", "", "https://maps.example.com",
		"https://maps.example.com:8443",
		"https://evil.com", "https://maps.example.com.evil.com", "http://localhost:3000",
		"http://localhost", "http://localhost.evil.com", "null", "https://pr-1.maps.example.com",
		"https://Maps.example.com"}
)

func (g generator) arnRule() string {
	partition := g.pick([]string{"*", "*", "aws", "aws-us-gov", "aws*"})
	account := g.pick([]string{"*", "*", "123456789012", "12345"})
	name := g.pick([]string{"web", "web-*", "web-?1", "*", "AWSReservedSSO_Maps_*", "maps",
		"w[de]b"})
	return "arn:" + partition + ":iam::" + account + ":" +
		g.pick([]string{"role/", "role/", "user/"}) + g.pick(append(paths, "*/")) + name
}

// policy is a configuration that is accepted.
func (g generator) policy() *config.Config {
	for {
		var text bytes.Buffer
		text.WriteString("profiles:\n")
		for i := range 1 + g.IntN(3) {
			fmt.Fprintf(&text, "  p%d:\n    scopes: [%s]\n    reuse: 10m\n    allow:\n", i,
				g.pick([]string{"fonts:read", "fonts:read, styles:read", "uploads:write"}))
			for range 1 + g.IntN(3) {
				fmt.Fprintf(&text, "      - %s\n", g.rule())
			}
		}
		if cfg, err := config.Parse("x.yaml", text.Bytes()); err == nil {
			return cfg
		}
	}
}

func (g generator) rule() string {
	origins := ""
	if g.IntN(4) == 0 {
		origins = fmt.Sprintf(", origins: [%q]", g.pick(originRules))
	}
	claims := fmt.Sprintf("{%q: %s}", g.pick(claimNames), g.pick(claimRules))
	switch g.IntN(8) {
	case 0:
		return fmt.Sprintf("{anyone: true, origins: [%q]}", g.pick(originRules))
	case 1, 2:
		return fmt.Sprintf("{iam: %q%s}", g.arnRule(), origins)
	case 3, 4:
		return fmt.Sprintf("{lambda: %s%s}", claims, origins)
	}
	return fmt.Sprintf("{jwt: %s%s}", claims, origins)
}

func (g generator) caller() identity {
	c := identity{origin: g.pick(originsSent)}
	switch g.IntN(6) {
	case 0:
	case 1:
		kind := g.pick([]string{"role", "role", "user"})
		c.arn = "arn:" + g.pick(partitions) + ":iam::" + g.pick(accounts) + ":" + kind + "/" +
			g.pick(paths) + g.pick(names)
	case 2:
		c.arn = "arn:" + g.pick(partitions) + ":sts::" + g.pick(accounts) + ":" +
			g.pick([]string{"assumed-role/", "federated-user/"}) + g.pick(names) +
			g.pick([]string{"/i-0abc", "/a@b", ""})
	case 3:
		if c.context = g.object(""); g.IntN(8) == 0 {
			c.context = "null"
		}
	default:
		start := `"iss":"https://id.example/","exp":` + fmt.Sprint(1767369840+g.IntN(10))
		c.payload = g.object(start)
	}
	return c
}

// object is the text of a JSON object, which sometimes has a name twice.
func (g generator) object(start string) string {
	fields := []string{}
	if start != "" {
		fields = append(fields, start)
	}
	seen := map[string]bool{}
	for range g.IntN(5) {
		name := g.pick([]string{"groups", "groups", "groups", "realm_access", "a", "a.b",
			"https://example.com/groups", "scope", "scp", "email_verified", "tenant", "Groups",
			"realm_access.roles", "c"})
		if !seen[name] || g.IntN(20) == 0 {
			fields = append(fields, fmt.Sprintf("%q:%s", name, g.pick(claimValues)))
		}
		seen[name] = true
	}
	if g.IntN(2) == 0 {
		fields = append(fields, `"sub":"ann"`)
	}
	return "{" + strings.Join(fields, ",") + "}"
}

func (g generator) ask() (scopes []string, profile string) {
	switch g.IntN(6) {
	case 0:
		scopes = []string{"fonts:read"}
	case 1:
		scopes = []string{"styles:read", "fonts:read"}
	}
	return scopes, g.pick([]string{"", "", "", "", "p0", "p1", "p9"})
}
