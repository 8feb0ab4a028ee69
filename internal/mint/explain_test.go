package mint_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/tokenmint/tokenmint/internal/mint"
)

// What is explained is what is done: for every caller, scope and profile the mint answers as
// Explain says.
func TestExplainAgreesWithTheMint(t *testing.T) {
	t.Parallel()
	// with a profile for callers without a name, and without one
	for _, yaml := range []string{guarded, profiles} {
		b := newTestMint(t)
		b.yaml = yaml
		b.handler = b.newHandler(b.mapbox)
		b.withParent()
		if answers := b.agree(); answers < 10 {
			t.Errorf("only %d requests were answered: the table shows little", answers)
		}
	}
}

// agree compares what is explained with what is answered, and counts the requests that got a token.
func (b *testMint) agree() (answers int) {
	t := b.t
	t.Helper()
	answers = b.agreeOnVisitors()
	const eve = "arn:aws:iam::1:user/eve"
	for name, known := range map[string]struct {
		event events.APIGatewayV2HTTPRequest
		who   mint.Who
	}{
		"web": {post("/tokens", webCaller, ""), mint.Who{ARN: webCaller}},
		"ci":  {post("/tokens", ciCaller, ""), mint.Who{ARN: ciCaller}},
		"eve": {post("/tokens", eve, ""), mint.Who{ARN: eve}},
		"jwt": {
			withJWT(post("/tokens", "", ""), map[string]any{"groups": []any{"maps", "ops"}}),
			mint.Who{JWT: json.RawMessage(`{"iss":"https://id.example/","groups":["maps","ops"]}`)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			event := known.event
			for _, scopes := range [][]string{nil, {}, {"fonts:read"},
				{"styles:read", "fonts:read", "fonts:read"}, {"uploads:write"}, {"No Scope"},
				{"tokens:write"}} {
				for _, profile := range []string{"", "web-map", "admin", "page", "none"} {
					body, err := json.Marshal(map[string]any{"scopes": scopes, "profile": profile})
					if err != nil {
						t.Fatal(err)
					}
					event.Body = string(body)
					got, err := mint.Explain(b.profiles(), known.who, scopes, profile)
					if err != nil {
						t.Fatal(err)
					}
					if same(t, name+" "+string(body), got, b.send(t.Context(), event)) {
						answers++
					}
				}
			}
		})
	}
	return answers
}

// agreeOnVisitors is agree for the public route.
func (b *testMint) agreeOnVisitors() (answers int) {
	t := b.t
	t.Helper()
	for _, origin := range []string{"", "https://maps.example.com", "https://evil.example"} {
		for _, profile := range []string{"web-map", "admin", "page", "none"} {
			got, err := mint.Explain(b.profiles(), mint.Who{Origin: origin}, nil, profile)
			if err != nil {
				t.Fatal(err)
			}
			want := b.send(t.Context(), get("/public/tokens/"+profile, origin))
			if same(t, "visitor from "+origin+" "+profile, got, want) {
				answers++
			}
		}
	}
	return answers
}

// same fails if the verdict is not what the mint answered. It reports whether that was a token.
func same(t *testing.T, name string, got mint.Verdict, want reply) bool {
	t.Helper()
	if want.Status == 200 {
		if got.Refusal != nil || got.Profile != want.Profile ||
			!slices.Equal(got.Scopes, want.Scopes) {
			t.Errorf("%s: explained as %q %q %v, answered by %q", name, got.Profile, got.Scopes,
				got.Refusal, want.Profile)
		}
		return true
	}
	if got.Refusal == nil || got.Refusal.Error() != want.Code+": "+want.Message ||
		got.Profile != "" {
		t.Errorf("%s: explained as %q %v, refused with %s: %s", name, got.Profile, got.Refusal,
			want.Code, want.Message)
	}
	return false
}

func TestExplainSaysWhyOfEachProfile(t *testing.T) {
	t.Parallel()
	b := newTestMint(t)
	got, err := mint.Explain(b.profiles(), mint.Who{ARN: webCaller},
		[]string{"fonts:read", "uploads:write"}, "everything")
	if err != nil {
		t.Fatal(err)
	}
	if got.Caller != "arn:aws:iam::123456789012:role/web-app" || len(got.Profiles) != 2 {
		t.Fatalf("caller %s, %d profiles", got.Caller, len(got.Profiles))
	}
	web, everything := got.Profiles[0], got.Profiles[1]
	if !web.Other || everything.Other {
		t.Errorf("profile everything was asked for: other = %t, %t", web.Other, everything.Other)
	}
	if len(web.Misfits) != 2 || web.Misfits[0] != "" || !strings.Contains(web.Misfits[1], "jwt") {
		t.Errorf("the first rule of web-map fits, the second is for JWTs: %q", web.Misfits)
	}
	if len(everything.Misfits) != 2 || slices.Contains(everything.Misfits, "") {
		t.Errorf("no rule of everything fits: %q", everything.Misfits)
	}
	if !slices.Equal(web.Beyond, []string{"uploads:write"}) || everything.Beyond != nil {
		t.Errorf("beyond: %q, %q", web.Beyond, everything.Beyond)
	}
}
