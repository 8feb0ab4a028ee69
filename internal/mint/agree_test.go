package mint_test

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/internal/mint"
	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/telemetry"
	"github.com/tokenmint/tokenmint/internal/tokencache"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

var agreePairs = flag.Int("agree.pairs", 3000, "pairs of a policy and a caller to generate")

// For generated rules and callers, Explain answers as the mint does. The mint gets an event as
// API Gateway writes it. Explain gets what an operator has: an ARN, a token's payload or a context.
//
// A long run: go test ./internal/mint -run=GeneratedPairs -agree.pairs=100000
func TestExplainAgreesWithTheMintOnGeneratedPairs(t *testing.T) {
	t.Parallel()
	pairs := *agreePairs
	if testing.Short() {
		pairs = min(pairs, 500)
	}
	const callers = 50
	policies := max(pairs/callers, 1)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	g := generator{rand.New(rand.NewPCG(seed, 9))}
	answered := 0
	for range policies {
		cfg := g.policy()
		handler := handlerOf(t, cfg)
		for range callers {
			c := g.caller()
			scopes, profile := g.ask()
			if c.compare(t, cfg, handler, scopes, profile) {
				answered++
			}
		}
	}
	t.Logf("%d pairs, %d answered with a token", policies*callers, answered)
	// Usually one pair in fifty answers. The ten policies of a short run may all be strict.
	if !testing.Short() && answered < policies*callers/500 {
		t.Error("too few callers were let in: the comparison shows little")
	}
}

// A rule that the configuration accepts lets somebody in. The caller is made from the rule's text.
func TestEveryAcceptedRuleMatchesSomeCaller(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	g := generator{rand.New(rand.NewPCG(seed, 10))}
	accepted := 0
	for range 1000 {
		arn, origin := g.arnRule(), g.pick(originRules)
		text := fmt.Sprintf("profiles:\n  a:\n    scopes: [fonts:read]\n    allow: [{iam: %q, "+
			"origins: [%q]}]\n", arn, origin)
		cfg, err := config.Parse("x.yaml", []byte(text))
		if err != nil {
			continue
		}
		accepted++
		c := identity{arn: filled(arn), origin: filled(origin)}
		if !c.compare(t, cfg, handlerOf(t, cfg), nil, "") {
			t.Fatalf("%s from %s does not match its own rule %s and %s", c.arn, c.origin, arn,
				origin)
		}
	}
	if accepted < 100 {
		t.Errorf("only %d rules were accepted", accepted)
	}
}

// filled replaces the wildcards of a rule.
func filled(rule string) string {
	rule = strings.NewReplacer("arn:*:", "arn:aws-cn:", ":iam::*:", ":iam::123456789012:", ":*",
		":8443").Replace(rule)
	return strings.NewReplacer("*", "x1", "?", "x", "[de]", "e").Replace(rule)
}

// identity is a caller, apart from the form in which somebody tells of them.
type identity struct {
	arn     string // of a user or a role, which may have a path
	payload string // of a JWT
	context string // of a Lambda authorizer
	origin  string
}

// compare reports whether the mint gives a token, and fails if explain says something else.
func (c identity) compare(
	t *testing.T, cfg *config.Config, handler *mint.Handler, scopes []string, profile string,
) bool {
	t.Helper()
	if c.isVisitor() { // who names a profile, and nothing else
		scopes = nil
		for _, p := range cfg.Profiles {
			if profile == "" && p.IsPublic() {
				profile = p.Name
			}
		}
		profile = cmp.Or(profile, "p0")
	}
	event := c.event(scopes, profile)
	reply, err := handler.HandleJSON(t.Context(), event)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Profile, Code, Message string
		Scopes                 []string
	}
	if err := json.Unmarshal([]byte(reply.Body), &got); err != nil {
		t.Fatal(err)
	}
	v, err := mint.Explain(cfg.Profiles, c.who(), scopes, profile)
	if err != nil { // what explain cannot read lets nobody in
		if reply.StatusCode == 200 {
			t.Fatalf("explain cannot read %+v, the mint answers with %s:\n%s", c, got.Profile,
				event)
		}
		return false
	}
	refused := ""
	if v.Refusal != nil {
		refused = v.Refusal.Error()
	}
	if reply.StatusCode == 200 {
		if refused != "" || v.Profile != got.Profile || !slices.Equal(v.Scopes, got.Scopes) {
			t.Fatalf("the mint gives %s %v, explain %s %v %s, to\n%s\nof %v", got.Profile,
				got.Scopes, v.Profile, v.Scopes, refused, event, cfg.Profiles)
		}
		return true
	}
	if refused != got.Code+": "+got.Message {
		t.Fatalf("the mint says %s: %s, explain %s and %s, of\n%s\nof %v", got.Code, got.Message,
			v.Profile, refused, event, cfg.Profiles)
	}
	return false
}

// isVisitor reports whether the caller comes to the public route.
func (c identity) isVisitor() bool { return c.arn+c.payload+c.context == "" }

func (c identity) who() mint.Who {
	who := mint.Who{ARN: c.arn, Origin: c.origin}
	if c.payload != "" {
		who.JWT = json.RawMessage(c.payload)
	}
	if c.context != "" {
		who.Lambda = json.RawMessage(c.context)
	}
	return who
}

// event is what API Gateway makes of a request of this caller.
func (c identity) event(scopes []string, profile string) json.RawMessage {
	headers, authorizer := map[string]string{"accept": "*/*"}, any(nil)
	body, err := json.Marshal(map[string]any{"scopes": scopes, "profile": profile})
	if err != nil {
		panic(err) // a test's own map
	}
	route, method := "/tokens", http.MethodPost
	if c.origin != "" {
		headers["origin"] = c.origin
	}
	switch {
	case c.arn != "":
		authorizer = map[string]any{"iam": map[string]any{"userArn": sessionOf(c.arn)}}
	case c.payload != "":
		route = "/jwt/tokens"
		headers["authorization"] = "Bearer " + jwtOf(c.payload)
		authorizer = map[string]any{"jwt": map[string]any{"claims": gatewayClaims(c.payload),
			"scopes": nil}}
	case c.context != "":
		route = "/custom/tokens"
		authorizer = map[string]any{"lambda": json.RawMessage(c.context)}
	default:
		route, method, body = "/public/tokens/{profile}", http.MethodGet, nil
	}
	text, err := json.Marshal(map[string]any{
		"version": "2.0", "routeKey": method + " " + route, "headers": headers,
		"body": string(body), "isBase64Encoded": false,
		"pathParameters": map[string]string{"profile": profile},
		"requestContext": map[string]any{
			"requestId": "r", "timeEpoch": 1.5, "http": map[string]string{"method": method},
			"authorizer": authorizer,
		},
	})
	if err != nil {
		panic(err) // a test's own maps
	}
	return text
}

// sessionOf is what STS calls a session of a role; a user keeps their ARN.
func sessionOf(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	path := strings.Split(parts[5], "/")
	if path[0] != "role" {
		return arn
	}
	return strings.Join([]string{"arn", parts[1], "sts", "", parts[4], "assumed-role/" +
		path[len(path)-1] + "/i-0abc"}, ":")
}

// gatewayClaims are the claims as texts, lists without quotes, and some numbers with an exponent.
func gatewayClaims(payload string) map[string]string {
	var claims map[string]any
	in := json.NewDecoder(strings.NewReader(payload))
	in.UseNumber()
	if err := in.Decode(&claims); err != nil {
		panic(err) // a test's own text
	}
	said := map[string]string{}
	for name, value := range claims {
		said[name] = fmt.Sprint(value)
	}
	if end, ok := claims["exp"].(json.Number); ok && strings.HasSuffix(end.String(), "5") {
		said["exp"] = end.String()[:1] + "." + end.String()[1:] + "E" + fmt.Sprint(len(end)-1)
	}
	return said
}

// handlerOf is a mint whose Mapbox grants everything at once.
func handlerOf(t *testing.T, cfg *config.Config) *mint.Handler {
	t.Helper()
	cache, err := tokencache.New(tokencache.Config{
		Store: tokencache.NewMemory(), Budget: 1 << 30, Now: time.Now,
		Logger: telemetry.NewLogger(io.Discard, nil),
	})
	if err != nil {
		t.Fatal(err)
	}
	value := func(usage, payload string) string {
		return usage + "." + base64.RawURLEncoding.EncodeToString([]byte(payload)) +
			".c2lnbmF0dXJlLW9mLXRlc3Q"
	}
	handler, err := mint.New(mint.Config{
		Profiles: cfg.Profiles, Cache: cache, Now: time.Now,
		Logger: telemetry.NewLogger(io.Discard, nil),
		CreateTemporary: func(_ context.Context, _ tokens.Auth,
			r tokens.TemporaryRequest) (tokens.Temporary, error) {
			return tokens.Temporary{Token: tokens.NewToken(value("tk", `{"u":"acme"}`)),
				IssuedAt: time.Now(), Expires: r.Expires}, nil
		},
		ReadParent: func(context.Context) (secrets.Version, error) {
			return secrets.Version{ID: "v",
				Value: secrets.NewValue(value("sk", `{"u":"acme","a":"cm1"}`))}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return handler
}
