package mint_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/tokenmint/tokenmint/internal/mint"
	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

func TestReplyIsMapboxsWithScopesAndProfile(t *testing.T) {
	t.Parallel()
	b := newBench(t).withParent()
	start := time.Now()
	got := b.send(t.Context(), post("/tokens", webCaller, `{}`))
	if got.Status != http.StatusOK || got.Profile != "web-map" {
		t.Fatalf("status %d, profile %q, message %q", got.Status, got.Profile, got.Message)
	}
	if want := []string{"fonts:read", "styles:read", "styles:tiles"}; !slices.Equal(got.Scopes, want) {
		t.Errorf("scopes = %v, want %v", got.Scopes, want)
	}
	claims, err := tokens.NewToken(got.Token).Decode()
	if err != nil {
		t.Fatal(err)
	}
	if claims.Usage != tokens.UsageTemporary || claims.User != user || !slices.Equal(slices.Sorted(slices.Values(claims.Scopes)), got.Scopes) {
		t.Errorf("the token says usage %s, user %s, scopes %v", claims.Usage, claims.User, claims.Scopes)
	}
	expires, err := time.Parse("2006-01-02T15:04:05.000Z", got.Expires)
	if err != nil {
		t.Fatal(err)
	}
	if life := expires.Sub(start); life < 29*time.Minute || life > 31*time.Minute {
		t.Errorf("the token lives %s, want the profile's 30m", life)
	}
	if got.ExpiresIn < 1790 || got.ExpiresIn > 1800 {
		t.Errorf("expires_in = %d", got.ExpiresIn)
	}
	if _, err := time.Parse("2006-01-02T15:04:05.000Z", got.IssuedAt); err != nil {
		t.Error(err)
	}
	audit := b.audits()[0]
	for key, want := range map[string]any{
		"caller": "arn:aws:iam::123456789012:role/web-app", "profile": "web-map", "code": "ok", "status": 200.0, "source": "minted",
		"route": "POST /tokens", "apiRequestId": "req-1", "tokenHash": tokens.NewToken(got.Token).Hash(), "level": "INFO",
	} {
		if audit[key] != want {
			t.Errorf("audit record: %s = %v, want %v", key, audit[key], want)
		}
	}
	b.noLeak()
}

// in is a time from now in the form that Mapbox's SDK for JavaScript sends.
func in(d time.Duration) string { return time.Now().Add(d).UTC().Format("2006-01-02T15:04:05.000Z") }

func TestWhatIsAskedForIsWhatIsMinted(t *testing.T) {
	t.Parallel()
	b := newBench(t).withParent()
	jwt := map[string]any{"groups": []any{"staff", "maps"}, "sub": "ann"}
	form := post("/tokens/v2/acme", webCaller, base64.StdEncoding.EncodeToString([]byte(`{"expires":"`+in(10*time.Minute)+`","scopes":["fonts:read"]}`)))
	form.IsBase64Encoded = true
	staged := post("/tokens", webCaller, `{}`)
	staged.RawPath, staged.RequestContext.Stage = "/prod/tokens", "prod"
	mapped := post("/tokens/v2/acme", webCaller, `{"ttl":"1m","scopes":["fonts:read"]}`)
	mapped.RawPath = "/mapbox/tokens/v2/other"
	query := post("/tokens", webCaller, `{}`)
	query.RawQueryString = "access_token=sk.of-somebody"
	for name, tc := range map[string]struct {
		event   events.APIGatewayV2HTTPRequest
		profile string
		scopes  string
		life    time.Duration
	}{
		"fewer scopes, in any order, twice":  {post("/tokens", webCaller, `{"scopes":["styles:tiles","fonts:read","styles:tiles"]}`), "web-map", "fonts:read styles:tiles", 30 * time.Minute},
		"the shortest ttl":                   {post("/tokens", webCaller, `{"ttl":"10s"}`), "web-map", "fonts:read styles:read styles:tiles", 10 * time.Second},
		"ttl":                                {post("/tokens", webCaller, `{"ttl":"90s"}`), "web-map", "fonts:read styles:read styles:tiles", 90 * time.Second},
		"expires":                            {post("/tokens", webCaller, `{"expires":"`+in(5*time.Minute)+`"}`), "web-map", "fonts:read styles:read styles:tiles", 5 * time.Minute},
		"expires with an offset":             {post("/tokens", webCaller, `{"expires":"`+time.Now().Add(5*time.Minute).In(time.FixedZone("", 7200)).Format(time.RFC3339)+`"}`), "web-map", "fonts:read styles:read styles:tiles", 5 * time.Minute},
		"expires with an offset's colon out": {post("/tokens", webCaller, `{"expires":"`+time.Now().Add(5*time.Minute).In(time.FixedZone("", -34200)).Format("2006-01-02T15:04:05.000-0700")+`"}`), "web-map", "fonts:read styles:read styles:tiles", 5 * time.Minute},
		"expires in small letters":           {post("/tokens", webCaller, `{"expires":"`+strings.ToLower(in(5*time.Minute))+`"}`), "web-map", "fonts:read styles:read styles:tiles", 5 * time.Minute},
		"expires without a zone":             {post("/tokens", webCaller, `{"expires":"`+time.Now().Add(5*time.Minute).UTC().Format("2006-01-02T15:04:05.000000")+`"}`), "web-map", "fonts:read styles:read styles:tiles", 5 * time.Minute},
		"null is not sent":                   {post("/tokens", webCaller, `{"scopes":null,"ttl":null,"profile":null,"note":null}`), "web-map", "fonts:read styles:read styles:tiles", 30 * time.Minute},
		"second profile for scopes":          {post("/tokens", "arn:aws:iam::1:role/web-admin", `{"scopes":["uploads:write"]}`), "everything", "uploads:write", time.Hour},
		"named profile":                      {post("/tokens", "arn:aws:iam::1:role/web-admin", `{"profile":"everything"}`), "everything", "fonts:read styles:read styles:tiles uploads:write", time.Hour},
		"IAM user":                           {post("/tokens", ciCaller, `{}`), "everything", "fonts:read styles:read styles:tiles uploads:write", time.Hour},
		"an hour to the second":              {post("/tokens", ciCaller, `{"ttl":"1h"}`), "everything", "fonts:read styles:read styles:tiles uploads:write", time.Hour},
		"JWT with a list claim":              {withJWT(post("/tokens", "", `{}`), jwt), "web-map", "fonts:read styles:read styles:tiles", 30 * time.Minute},
		"Mapbox's wire":                      {post("/tokens/v2/acme", webCaller, `{"note":"mine","expires":"`+in(time.Minute)+`","scopes":["fonts:read"]}`), "web-map", "fonts:read", time.Minute},
		"Mapbox's wire, ttl":                 {post("/tokens/v2/acme", webCaller, `{"ttl":"1m","scopes":["fonts:read"]}`), "web-map", "fonts:read", time.Minute},
		"JSON labelled as a form":            {form, "web-map", "fonts:read", 10 * time.Minute},
		"8 KiB":                              {post("/tokens", webCaller, `{"note":"`+strings.Repeat("x", 8<<10-11)+`"}`), "web-map", "fonts:read styles:read styles:tiles", 30 * time.Minute},
		"a base path mapping":                {mapped, "web-map", "fonts:read", time.Minute},
		"a named stage":                      {staged, "web-map", "fonts:read styles:read styles:tiles", 30 * time.Minute},
		"an access_token is nothing":         {query, "web-map", "fonts:read styles:read styles:tiles", 30 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			got := b.send(t.Context(), tc.event)
			if got.Status != http.StatusOK || got.Profile != tc.profile || strings.Join(got.Scopes, " ") != tc.scopes {
				t.Errorf("%s: status %d, profile %q, scopes %v, message %q", name, got.Status, got.Profile, got.Scopes, got.Message)
				return
			}
			life := time.Duration(got.ExpiresIn) * time.Second
			if life > tc.life || life < tc.life-5*time.Second {
				t.Errorf("%s: lives %s, want %s", name, life, tc.life)
			}
		})
	}
	b.noLeak()
}

func TestRefusalsBeforeAnythingIsMinted(t *testing.T) {
	t.Parallel()
	b := newBench(t).withParent()
	get := post("/tokens", webCaller, "")
	get.RequestContext.HTTP.Method = http.MethodGet
	broken := post("/tokens", webCaller, "{}!")
	broken.IsBase64Encoded = true
	nobody := post("/tokens", "", "{}")
	nobody.RequestContext.Authorizer = nil
	nameless := post("/tokens", "", "{}")
	secret := b.planted[0]
	for name, tc := range map[string]struct {
		event  events.APIGatewayV2HTTPRequest
		status int
		code   string
		says   string
	}{
		"body null":             {post("/tokens", webCaller, "null"), 400, "malformed", "one JSON object"},
		"body array":            {post("/tokens", webCaller, "[]"), 400, "malformed", "one JSON object"},
		"body empty":            {post("/tokens", webCaller, ""), 400, "malformed", "one JSON object"},
		"body string":           {post("/tokens", webCaller, `"x"`), 400, "malformed", "one JSON object"},
		"two objects":           {post("/tokens", webCaller, "{} {}"), 400, "malformed", "follows"},
		"rest is no JSON":       {post("/tokens", webCaller, "{} x"), 400, "malformed", "follows"},
		"half an object":        {post("/tokens", webCaller, `{"ttl":"1m"`), 400, "malformed", "not JSON"},
		"half a value":          {post("/tokens", webCaller, `{"ttl":"1m`), 400, "malformed", "not JSON"},
		"no JSON inside":        {post("/tokens", webCaller, `{ttl:1}`), 400, "malformed", "not JSON"},
		"broken base64":         {broken, 400, "malformed", "base64"},
		"unknown field":         {post("/tokens", webCaller, `{"scope":[]}`), 400, "malformed", `"scope"`},
		"field in other case":   {post("/tokens", webCaller, `{"Scopes":["fonts:read"]}`), 400, "malformed", `"Scopes"`},
		"field twice":           {post("/tokens", webCaller, `{"profile":"web-map","profile":"everything"}`), 400, "malformed", `"profile"`},
		"token as field":        {post("/tokens", webCaller, `{"`+secret+`":1}`), 400, "malformed", "unknown"},
		"scopes a string":       {post("/tokens", webCaller, `{"scopes":"fonts:read"}`), 400, "malformed", "wrong type"},
		"scopes of numbers":     {post("/tokens", webCaller, `{"scopes":[1]}`), 400, "malformed", "wrong type"},
		"ttl a number":          {post("/tokens", webCaller, `{"ttl":60}`), 400, "malformed", "wrong type"},
		"ttl empty":             {post("/tokens", webCaller, `{"ttl":""}`), 400, "malformed", "ttl"},
		"expires empty":         {post("/tokens", webCaller, `{"expires":""}`), 400, "malformed", "expires"},
		"ttl without unit":      {post("/tokens", webCaller, `{"ttl":"60"}`), 400, "malformed", "ttl"},
		"ttl beyond numbers":    {post("/tokens", webCaller, `{"ttl":"99999999999h"}`), 400, "malformed", "ttl"},
		"expires unparseable":   {post("/tokens", webCaller, `{"expires":"soon"}`), 400, "malformed", "RFC 3339"},
		"expires with ttl":      {post("/tokens", webCaller, `{"expires":"`+in(time.Minute)+`","ttl":"1m"}`), 400, "malformed", "exclude"},
		"8 KiB and a byte":      {post("/tokens", webCaller, `{"note":"`+strings.Repeat("x", 8<<10-10)+`"}`), 413, "body_too_large", "8 KiB"},
		"scopes empty":          {post("/tokens", webCaller, `{"scopes":[]}`), 422, "scopes_invalid", "scopes are invalid"},
		"scope empty":           {post("/tokens", webCaller, `{"scopes":[""]}`), 422, "scopes_invalid", "scopes are invalid"},
		"scope in other case":   {post("/tokens", webCaller, `{"scopes":["Fonts:Read"]}`), 422, "scopes_invalid", "scopes are invalid"},
		"scope in Cyrillic":     {post("/tokens", webCaller, `{"scopes":["fоnts:read"]}`), 422, "scopes_invalid", "scopes are invalid"},
		"scope with a space":    {post("/tokens", webCaller, `{"scopes":["fonts:read "]}`), 422, "scopes_invalid", "scopes are invalid"},
		"token as scope":        {post("/tokens", webCaller, `{"scopes":["`+secret+`"]}`), 422, "scopes_invalid", "scopes are invalid"},
		"no scopes for Mapbox":  {post("/tokens/v2/acme", webCaller, `{"ttl":"1m"}`), 422, "scopes_invalid", "scopes are invalid"},
		"permanent":             {post("/tokens/v2/acme", webCaller, `{"scopes":["fonts:read"]}`), 422, "permanent_not_offered", "permanent"},
		"permanent by null":     {post("/tokens/v2/acme", webCaller, `{"scopes":["fonts:read"],"expires":null}`), 422, "permanent_not_offered", "permanent"},
		"expires past":          {post("/tokens", webCaller, `{"expires":"2001-01-01T00:00:00Z"}`), 422, "expires_past", "expires is in the past"},
		"expires in year 1":     {post("/tokens", webCaller, `{"expires":"0001-01-01T00:00:00Z"}`), 422, "expires_past", "expires is in the past"},
		"year 1, Mapbox's wire": {post("/tokens/v2/acme", webCaller, `{"scopes":["fonts:read"],"expires":"0001-01-01T00:00:00Z"}`), 422, "expires_past", "expires is in the past"},
		"ttl below 10 s":        {post("/tokens", webCaller, `{"ttl":"9.999s"}`), 422, "expires_too_soon", "less than 10 seconds"},
		"ttl of 400 ms":         {post("/tokens", webCaller, `{"ttl":"400ms"}`), 422, "expires_too_soon", "less than 10 seconds"},
		"ttl of a nanosecond":   {post("/tokens/v2/acme", webCaller, `{"scopes":["fonts:read"],"ttl":"1ns"}`), 422, "expires_too_soon", "less than 10 seconds"},
		"expires in 9 s":        {post("/tokens", webCaller, `{"expires":"`+in(9*time.Second)+`"}`), 422, "expires_too_soon", "less than 10 seconds"},
		"note an object":        {post("/tokens", webCaller, `{"note":{}}`), 400, "malformed", "note has the wrong type"},
		"note a list":           {post("/tokens", webCaller, `{"note":["x"]}`), 400, "malformed", "note has the wrong type"},
		"note a number":         {post("/tokens", webCaller, `{"note":1e999}`), 400, "malformed", "note has the wrong type"},
		"note a boolean":        {post("/tokens", webCaller, `{"note":false}`), 400, "malformed", "note has the wrong type"},
		"note twice":            {post("/tokens", webCaller, `{"note":"a","note":null}`), 400, "malformed", `"note"`},
		"profile an object":     {post("/tokens", webCaller, `{"profile":{"web-map":1}}`), 400, "malformed", "profile has the wrong type"},
		"expires a number":      {post("/tokens", webCaller, `{"expires":1767366245}`), 400, "malformed", "expires has the wrong type"},
		"scopes with null":      {post("/tokens", webCaller, `{"scopes":["fonts:read",null]}`), 400, "malformed", "scopes has the wrong type"},
		"scopes an object":      {post("/tokens", webCaller, `{"scopes":{}}`), 400, "malformed", "scopes has the wrong type"},
		"scopes nested":         {post("/tokens", webCaller, `{"scopes":[["fonts:read"]]}`), 400, "malformed", "scopes has the wrong type"},
		"ttl zero":              {post("/tokens", webCaller, `{"ttl":"0s"}`), 422, "expires_past", "expires is in the past"},
		"ttl negative":          {post("/tokens", webCaller, `{"ttl":"-1m"}`), 422, "expires_past", "expires is in the past"},
		"beyond an hour":        {post("/tokens", webCaller, `{"ttl":"61m"}`), 422, "expires_too_far", "expires is more than one hour in the future"},
		"year 9999":             {post("/tokens", webCaller, `{"expires":"9999-12-31T23:59:59Z"}`), 422, "expires_too_far", "expires is more than one hour in the future"},
		"beyond the profile":    {post("/tokens", webCaller, `{"ttl":"31m"}`), 422, "expires_beyond_profile", "30m"},
		"scopes not granted":    {post("/tokens", webCaller, `{"scopes":["uploads:write"]}`), 403, "scopes_not_allowed", "web-map (fonts:read, styles:read, styles:tiles)"},
		"tokens:write":          {post("/tokens", webCaller, `{"scopes":["tokens:write"]}`), 403, "scopes_not_allowed", "web-map"},
		"one of two":            {post("/tokens", webCaller, `{"scopes":["fonts:read","tokens:write"]}`), 403, "scopes_not_allowed", "web-map"},
		"other's profile":       {post("/tokens", webCaller, `{"profile":"everything"}`), 403, "profile_not_allowed", "no profile of that name"},
		"no such profile":       {post("/tokens", webCaller, `{"profile":"nothing"}`), 403, "profile_not_allowed", "no profile of that name"},
		"profile's scopes":      {post("/tokens", webCaller, `{"profile":"web-map","scopes":["uploads:write"]}`), 403, "scopes_not_allowed", "web-map"},
		"unknown caller":        {post("/tokens", "arn:aws:iam::123456789012:user/eve", `{}`), 403, "caller_not_allowed", "allow"},
		"role's name inside":    {post("/tokens", "arn:aws:sts::1:assumed-role/other/web-app", `{}`), 403, "caller_not_allowed", "allow"},
		"path in the role":      {post("/tokens", "arn:aws:iam::1:role/x/web-app", `{}`), 403, "caller_not_allowed", "allow"},
		"other group":           {withJWT(post("/tokens", "", `{}`), map[string]any{"groups": []any{"mapsx", "xmaps"}}), 403, "caller_not_allowed", "allow"},
		"other issuer":          {withJWT(post("/tokens", "", `{}`), map[string]any{"groups": "maps", "iss": "https://id.example.evil/"}), 403, "caller_not_allowed", "allow"},
		"no authorizer":         {nobody, 403, "no_authorizer", "no authorizer ran"},
		"authorizer, no name":   {nameless, 403, "no_authorizer", "no authorizer ran"},
		"authorizer, claimless": {withPayload(post("/tokens", "", `{}`), `{"groups":"maps"}`, nil), 403, "no_authorizer", "no authorizer ran"},
		"other user":            {post("/tokens/v2/other", webCaller, `{"ttl":"1m","scopes":["fonts:read"]}`), 404, "no_such_user", "No such user"},
		"user in other case":    {post("/tokens/v2/Acme", webCaller, `{"ttl":"1m","scopes":["fonts:read"]}`), 404, "no_such_user", "No such user"},
		"no user":               {post("/tokens/v2/", webCaller, `{}`), 404, "not_found", "Not Found"},
		"an id":                 {post("/tokens/v2/acme/ck1", webCaller, `{}`), 404, "not_found", "Not Found"},
		"path tricks":           {post("/tokens/v2/../v2/acme", webCaller, `{}`), 404, "not_found", "Not Found"},
		"double slash":          {post("//tokens", webCaller, `{}`), 404, "not_found", "Not Found"},
		"other path":            {post("/", webCaller, `{}`), 404, "not_found", "Not Found"},
		"other method":          {get, 405, "method_not_allowed", "POST"},
	} {
		t.Run(name, func(t *testing.T) {
			got := b.send(t.Context(), tc.event)
			if got.Status != tc.status || got.Code != tc.code || !strings.Contains(got.Message, tc.says) {
				t.Errorf("%s: status %d, code %q, message %q", name, got.Status, got.Code, got.Message)
			}
			b.noLeak(got.Raw)
		})
	}
	if n := b.mints(); n != 0 {
		t.Errorf("%d tokens were minted for requests that were refused", n)
	}
}

func TestEveryRequestLeavesOneAuditRecord(t *testing.T) {
	t.Parallel()
	b := newBench(t).withParent()
	b.send(t.Context(), post("/tokens", webCaller, `{}`))
	b.send(t.Context(), post("/nothing", webCaller, `{}`))
	b.send(t.Context(), post("/tokens", ciCaller, `{"ttl":"2h"}`))
	var got []string
	for _, r := range b.audits() {
		got = append(got, fmt.Sprintf("%v %v %v %v %v", r["level"], r["status"], r["code"], r["caller"], r["profile"]))
	}
	want := []string{
		"INFO 200 ok arn:aws:iam::123456789012:role/web-app web-map",
		"WARN 404 not_found  ",
		"WARN 422 expires_too_far arn:aws:iam::123456789012:user/ci everything",
	}
	if !slices.Equal(got, want) {
		t.Errorf("audit records:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// The parent is replaced and its predecessor deleted while a request is on its way with the old one.
func TestParentRotatedInTheMiddleOfAFlight(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.yaml = guarded
	b.handler = b.newHandler(b.mapbox)
	oldID, old := b.issue(parentScopes...)
	b.storeParent("a", old)
	b.send(t.Context(), post("/tokens", ciCaller, `{"ttl":"5m"}`)) // the old parent is cached
	_, fresh := b.issue(parentScopes...)
	b.storeParent("b", fresh)
	b.sim.Inject(mapbox.Fault{Op: mapbox.OpCreateTemporary, Kind: mapbox.Slow, DelayBefore: 50 * time.Millisecond})
	time.AfterFunc(10*time.Millisecond, func() { _ = b.sim.Revoke(user, oldID) })
	for range 3 {
		if got := b.send(t.Context(), post("/tokens", ciCaller, `{}`)); got.Status != 200 {
			t.Errorf("status %d, code %q", got.Status, got.Code)
		}
	}
	b.noLeak()
}

func TestNewNeedsEverything(t *testing.T) {
	t.Parallel()
	if _, err := mint.New(mint.Config{}); err == nil {
		t.Error("a handler was made of nothing")
	}
}
