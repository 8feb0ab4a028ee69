package mint_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/tokenmint/tokenmint/internal/mint"
)

// lets reports whether a rule lets a caller in, by the mint, and checks that explain says the same.
func lets(t *testing.T, rule string, event json.RawMessage, who mint.Who) bool {
	t.Helper()
	b := newTestMint(t)
	b.yaml = "profiles:\n  one:\n    scopes: [fonts:read]\n    allow:\n      - " + rule + "\n"
	b.handler = b.newHandler(b.mapbox)
	b.withParent()
	got := b.sendJSON(t.Context(), event)
	if who.JWT != nil || who.Lambda != nil {
		said, err := mint.Explain(b.profiles(), who, nil, "")
		if (err == nil && said.Refusal == nil) != (got.Status == 200) {
			t.Errorf("%s: explain says %v and %v, the mint %d %s", rule, err, said.Refusal,
				got.Status, got.Code)
		}
	}
	return got.Status == 200
}

const start = `"iss":"https://id.example/","exp":1767369845,"sub":"ann"`

// said is what API Gateway's event has of the claims in start, and of more.
func said(more ...string) map[string]string {
	claims := map[string]string{"iss": "https://id.example/", "exp": "1767369845", "sub": "ann"}
	for i := 0; i < len(more); i += 2 {
		claims[more[i]] = more[i+1]
	}
	return claims
}

func TestClaimsAreThoseOfTheToken(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		rule    string
		payload string // after start
		said    map[string]string
		want    bool
	}{
		{`groups: maps`, `"groups":["Bing maps interns"]`, said("groups", "[Bing maps interns]"),
			false},
		{`groups: maps`, `"groups":["not maps"]`, said("groups", "[not maps]"), false},
		{`groups: maps`, `"groups":"[not maps]"`, said("groups", "[not maps]"), false},
		{`groups: maps`, `"groups":"[maps]"`, said("groups", "[maps]"), false},
		{`groups: maps`, `"groups":["maps"]`, said("groups", "[maps]"), true},
		{`groups: maps`, `"groups":["ops","maps"]`, said("groups", "[ops maps]"), true},
		{`groups: maps`, `"groups":"maps"`, said("groups", "maps"), true},
		{`groups: Maps Viewers`, `"groups":["Maps Viewers"]`, said("groups", "[Maps Viewers]"),
			true},
		{`groups: Maps Viewers`, `"groups":["ops","Maps Viewers"]`,
			said("groups", "[ops Maps Viewers]"), true},
		{`groups: Maps*`, `"groups":["Maps Viewers","x]"]`, said("groups", "[Maps Viewers x]]"),
			true},
		{`groups: maps`, `"groups":[]`, said("groups", "[]"), false},
		{`groups: maps`, `"groups":["maps",["ops"]]`, said("groups", "[maps [ops]]"), false},
		{`groups: maps`, `"groups":["maps",null]`, said("groups", "[maps <nil>]"), false},
		{`groups: maps`, `"groups":["maps",{"a":1}]`, said("groups", "[maps map[a:1]]"), false},
		{`groups: maps`, `"groups":null`, said("groups", "maps"), false},
		{`groups: maps`, `"groups":{"maps":true}`, said("groups", "maps"), false},
		{`groups: maps`, `"Groups":"maps"`, said("Groups", "maps"), false},
		{`"a.b": maps`, `"A":{"b":"maps"}`, said("A", "map[b:maps]"), false},

		// Nested claims, and names with dots.
		{`realm_access.roles: maps`, `"realm_access":{"roles":["offline_access","maps"]}`,
			said("realm_access", "map[roles:[offline_access maps]]"), true},
		{`realm_access.roles: maps`, `"realm_access":{"roles":["offline_access","maps"]}`, said(),
			true},
		{`realm_access.roles: maps`, `"realm_access":{"roles":["not maps"]}`, said(), false},
		{`realm_access.roles: maps`, `"realm_access":{"roles":[{"maps":1}]}`, said(), false},
		{`a.b.c: maps`, `"a":{"b":{"c":"maps"}}`, said(), true},
		{`a.b.c: maps`, `"a":{"b.c":"maps"}`, said(), true},
		{`a.b.c: maps`, `"a":{"b.c":"maps","b":{"c":"maps"}}`, said(), false},
		{`a.b: maps`, `"a.b":"maps","a":{"b":"maps"}`, said("a.b", "maps"), false},
		{`a.b: maps`, `"a.b":"maps","a":"x"`, said("a.b", "maps", "a", "x"), true},
		{`a.b: maps`, `"a":[{"b":"maps"}]`, said(), false},
		{`"https://example.com/groups": maps`, `"https://example.com/groups":["maps"]`,
			said("https://example.com/groups", "[maps]"), true},
		{`"https://example.com/app.roles": maps`, `"https://example.com/app":{"roles":["maps"]}`,
			said(), true},
		{`"cognito:groups": maps`, `"cognito:groups":["maps"]`, said("cognito:groups", "[maps]"),
			true},
		{`a: maps`, `"a":{"":"maps"}`, said(), false},

		// Booleans and numbers are their text.
		{`email_verified: true`, `"email_verified":true`, said("email_verified", "true"), true},
		{`email_verified: true`, `"email_verified":"true"`, said("email_verified", "true"), true},
		{`email_verified: true`, `"email_verified":false`, said("email_verified", "false"), false},
		{`email_verified: true`, `"email_verified":true`, said("email_verified", "false"), false},
		{`level: 7`, `"level":7`, said("level", "7"), true},
		{`level: 7`, `"level":7`, said("level", "8"), false},
		{`level: "0"`, `"level":-0`, said("level", "-0"), false},
		{`level: -0`, `"level":-0`, said("level", "-0"), true},
		{`tenant: 9007199254740992`, `"tenant":9007199254740993`,
			said("tenant", "9007199254740993"), false},
		{`tenant: 9007199254740993`, `"tenant":9007199254740993`,
			said("tenant", "9007199254740993"), true},
		{`tenant: 9007199254740993`, `"tenant":9007199254740993`,
			said("tenant", "9.007199254740993E15"), true},
		{`tenant: 9007199254740993`, `"tenant":9007199254740993`,
			said("tenant", "9.007199254740992E15"), false},
		{`ids: 9007199254740993`, `"ids":[1,9007199254740993]`, said("ids", "[1 9007199254740993]"),
			true},
		{`level: 1.5`, `"level":1.5`, said("level", "1.5"), true},
		{`level: "1.0"`, `"level":1.0`, said("level", "1.0"), false},
		{`level: 1`, `"level":1.0`, said("level", "1"), false},
		{`level: "1e3"`, `"level":1e3`, said("level", "1e3"), false},
		{`level: 1000`, `"level":1e3`, said("level", "1000"), false},
		{`level: "null"`, `"level":null`, said("level", "null"), false},

		// Scopes are divided by blanks in a text, and stay whole in a list.
		{`scope: "maps:read"`, `"scope":"openid maps:read"`, said("scope", "openid maps:read"),
			true},
		{`scope: "maps:read"`, `"scope":["openid maps:read"]`, said("scope", "[openid maps:read]"),
			false},
		{`scp: "maps:read"`, `"scp":["openid","maps:read"]`, said("scp", "[openid maps:read]"),
			true},
		{`scope: "maps:read"`, `"scope":"openid\u00a0maps:read"`,
			said("scope", "openid\u00a0maps:read"), false},
		{`scope: "maps:read"`, `"scope":"openid\tmaps:read"`, said("scope", "openid\tmaps:read"),
			false},
		{`roles: "maps:read"`, `"roles":"openid maps:read"`, said("roles", "openid maps:read"),
			false},

		// What is broken or hidden in a text.
		{`groups: maps*`, `"groups":"maps\u0000"`, said("groups", "maps\x00"), false},
		{`groups: maps*`, `"groups":"maps\ud800"`, said("groups", "maps\ufffd"), false},
		{`groups: maps*`, `"groups":"maps\u0085x"`, said("groups", "maps\u0085x"), false},
		{`groups: maps`, `"gro\u0075ps":"maps"`, said("groups", "maps"), true},
		{`groups: maps`, `"groups":"staff","gro\u0075ps":"maps"`, said("groups", "maps"), false},
		{`groups: maps`, `"groups":"maps","a":{"b":1,"b":2}`, said("groups", "maps"), false},
		{`groups: maps`, `"groups":"maps","a":` + strings.Repeat("[", 500) +
			strings.Repeat("]", 500), said("groups", "maps"), false},
	} {
		t.Run(tc.rule+" of "+tc.payload, func(t *testing.T) {
			payload := "{" + start + "," + tc.payload + "}"
			event := rawEvent(t, withPayload(post("/tokens", "", "{}"), payload, tc.said))
			who := mint.Who{JWT: json.RawMessage(payload)}
			if !tc.want {
				who.JWT = nil // some payloads match by themselves, but do not agree with the event
			}
			if got := lets(t, "jwt: {"+tc.rule+"}", event, who); got != tc.want {
				t.Errorf("%s, %s, %v: %t", tc.rule, tc.payload, tc.said["groups"], got)
			}
		})
	}
}

// The payload counts only if it is that of the token which API Gateway has verified.
func TestTokenThatDoesNotAgreeWithTheEvent(t *testing.T) {
	t.Parallel()
	const rule = "jwt: {groups: maps}"
	good := "{" + start + `,"groups":["maps"]}`
	for name, tc := range map[string]struct {
		payload string
		said    map[string]string
		want    bool
	}{
		"agrees":              {good, said("groups", "[maps]"), true},
		"end in another form": {good, said("groups", "[maps]", "exp", "1.767369845E9"), true},
		"end with a fraction": {strings.Replace(good, "1767369845", "1767369845.0", 1),
			said("groups", "[maps]"), true},
		"another end": {good, said("groups", "[maps]", "exp", "1767369846"), false},
		"end rounded": {good, said("groups", "[maps]", "exp", "1.7673698E9"), false},
		"end of words": {good, said("groups", "[maps]", "exp",
			"Fri Jan 02 15:04:05 UTC 2026"), false},
		"end a text": {strings.Replace(good, "1767369845", `"1767369845"`, 1),
			said("groups", "[maps]"), false},
		"another issuer": {good, said("groups", "[maps]", "iss", "https://id.example"),
			false},
		"another subject": {good, said("groups", "[maps]", "sub", "eve"), false},
		"subject a number": {strings.Replace(good, `"ann"`, `7`, 1),
			said("groups", "[maps]", "sub", "7"), false},
		"another group":          {good, said("groups", "[staff]"), false},
		"more groups":            {good, said("groups", "[maps staff]"), false},
		"groups as JSON":         {good, said("groups", `["maps"]`), false},
		"no groups in the event": {good, said(), false},
		"no groups in the token": {"{" + start + "}", said("groups", "[maps]"), false},
		"no end in the event": {good, map[string]string{"iss": "https://id.example/",
			"sub": "ann", "groups": "[maps]"}, false},
		"no end in the token": {`{"iss":"https://id.example/","sub":"ann","groups":["maps"]}`,
			said("groups", "[maps]"), false},
		"no issuer in the token": {`{"exp":1767369845,"sub":"ann","groups":["maps"]}`,
			said("groups", "[maps]"), false},
		"no subject in either": {`{"iss":"i","exp":1,"groups":["maps"]}`,
			map[string]string{"iss": "i", "exp": "1", "groups": "[maps]"}, true},
		"no subject in one": {`{"iss":"i","exp":1,"groups":["maps"]}`,
			map[string]string{"iss": "i", "exp": "1", "sub": "", "groups": "[maps]"}, false},
		"payload a list":   {"[" + good + "]", said("groups", "[maps]"), false},
		"payload and more": {good + good, said("groups", "[maps]"), false},
		"payload not UTF-8": {strings.Replace(good, "maps", "maps\",\"\xff", 1),
			said("groups", "[maps \ufffd]"), false},
	} {
		t.Run(name, func(t *testing.T) {
			event := rawEvent(t, withPayload(post("/tokens", "", "{}"), tc.payload, tc.said))
			if got := lets(t, rule, event, mint.Who{}); got != tc.want {
				t.Errorf("%s: %t", name, got)
			}
		})
	}
	token := jwtOf(good)
	parts := strings.Split(token, ".")
	padded := base64.URLEncoding.EncodeToString([]byte(good + " "))
	canonical := base64.RawURLEncoding.EncodeToString([]byte(good + " "))
	for name, tc := range map[string]struct {
		header string
		want   bool
	}{
		"bearer":                {"Bearer " + token, true},
		"no scheme":             {token, true},
		"lower case":            {"bearer " + token, true},
		"upper case and blanks": {"BEARER  " + token + " ", true},
		"canonical payload":     {parts[0] + "." + canonical + "." + parts[2], true},
		"nothing":               {"", false},
		"a scheme alone":        {"Bearer", false},
		"a scheme and a blank":  {"Bearer ", false},
		"basic":                 {"Basic " + token, false},
		"another scheme":        {"Token " + token, false},
		"a tab":                 {"Bearer\t" + token, false},
		"two with a scheme":     {"Bearer " + token + "," + token, false},
		"two":                   {token + "," + token, false},
		"two with a blank":      {"Bearer " + token + " " + token, false},
		"a comma first":         {"," + token, false},
		"four parts":            {"Bearer " + token + ".x", false},
		"the payload alone":     {"Bearer " + parts[1], false},
		"no header":             {"Bearer ." + parts[1] + ".", false},
		"no signature":          {parts[0] + "." + parts[1] + ".", false},
		"a line break":          {parts[0] + "." + parts[1] + "\n." + parts[2], false},
		"padding":               {parts[0] + "." + padded + "." + parts[2], false},
		"bits that mean nothing": {
			parts[0] + "." + canonical[:len(canonical)-1] + "x." + parts[2], false},
		"standard alphabet": {
			parts[0] + "." + base64.StdEncoding.EncodeToString([]byte("{\"a\":\"\xff?>\"}")),
			false},
	} {
		t.Run(name, func(t *testing.T) {
			event := withPayload(post("/tokens", "", "{}"), good, said("groups", "[maps]"))
			event.Headers["authorization"] = tc.header
			if got := lets(t, rule, rawEvent(t, event), mint.Who{}); got != tc.want {
				t.Errorf("%.12q… of %d bytes: %t", tc.header, len(tc.header), got)
			}
		})
	}
	// Emulators pass claims on as they are.
	event := withPayload(post("/tokens", "", "{}"), good, nil)
	raw := change(t, event, "requestContext.authorizer.jwt.claims", good)
	if !lets(t, rule, raw, mint.Who{}) {
		t.Error("claims that are passed on as they are")
	}
	// Without the verdict of a JWT authorizer a token is nothing.
	for _, authorizer := range []string{`{"iam":{"userArn":"arn:aws:iam::1:user/eve"}}`,
		`{"lambda":{"groups":"maps"}}`, `{}`, `null`, `{"jwt":null}`, `{"jwt":{}}`} {
		if lets(t, rule, change(t, event, "requestContext.authorizer", authorizer), mint.Who{}) {
			t.Errorf("%s and a token", authorizer)
		}
	}
}

// The record names the bearer as API Gateway does, whatever the header holds.
func TestRecordNamesTheVerifiedSubject(t *testing.T) {
	t.Parallel()
	b := newTestMint(t).withParent()
	event := withPayload(post("/tokens", "", "{}"), `{"iss":"x","exp":1,"sub":"mallory"}`, said())
	b.send(t.Context(), event)
	b.sendJSON(t.Context(), change(t, post("/custom/tokens", "", "{}"), "requestContext.authorizer",
		`{"lambda":{"principalId":"bob"}}`))
	got := fmt.Sprint(b.audits()[0]["caller"], " ", b.audits()[1]["caller"])
	if got != "jwt:ann lambda:bob" {
		t.Errorf("callers %q", got)
	}
	if cause, _ := b.audits()[0]["cause"].(string); !strings.Contains(cause,
		"the token's iss does not agree with the event") {
		t.Errorf("cause %q", cause)
	}
}
