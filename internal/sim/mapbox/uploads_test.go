package mapbox_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
)

// staged is the reply to a request for credentials.
type staged struct{ Key, AccessKeyID, SessionToken, URL string }

func (b *testSimulator) stage(token string) staged {
	b.t.Helper()
	var got staged
	a := b.do("POST", "/uploads/v1/alice/credentials", token, "")
	if err := json.Unmarshal(a.raw, &got); err != nil || a.status != 200 || got.URL == "" {
		b.t.Fatalf("%d %s", a.status, a.raw)
	}
	return got
}

// put sends a file to the storage and returns the status.
func (b *testSimulator) put(at staged, session, access string) int {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodPut, at.URL,
		strings.NewReader("{}"))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+access+
		"/20300501/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0")
	r.Header.Set("X-Amz-Security-Token", session)
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer reply.Body.Close()
	return reply.StatusCode
}

// An upload needs its file, a tileset of the account, and the scope of each operation.
func TestUpload(t *testing.T) {
	t.Parallel()
	b := newTestSimulator(t, mapbox.Config{RateLimit: 1})
	_, writes := b.issue("alice", "uploads:write")
	_, reads := b.issue("alice", "uploads:read")
	const api = "/uploads/v1/alice"
	b.want(b.do("POST", api+"/credentials", reads, ""), 404, "Not Found")
	b.want(b.do("POST", api+"/credentials", forge(writes), ""), 401, "Unauthorized")
	at := b.stage(writes)
	body := func(tileset string) string {
		return `{"url":"` + at.URL + `","tileset":"` + tileset + `","name":"cities"}`
	}
	b.want(b.do("POST", api, writes, body("alice.cities")), 422, "url is not that of a staged file")
	if got := b.put(at, "other", at.AccessKeyID); got != 403 {
		t.Errorf("another session: %d", got)
	}
	if got := b.put(at, at.SessionToken, "ASIAOTHER"); got != 403 {
		t.Errorf("another key: %d", got)
	}
	if got := b.put(at, at.SessionToken, at.AccessKeyID); got != 200 {
		t.Errorf("status %d", got)
	}
	b.want(b.do("POST", api, reads, body("alice.cities")), 404, "Not Found")
	b.want(b.do("POST", api, writes, body("bob.cities")), 422, "tileset must be username.name")
	created := b.do("POST", api, writes, body("alice.cities"))
	if created.status != 201 || created.text("owner") != "alice" {
		t.Fatalf("%d %s", created.status, created.raw)
	}
	status := api + "/" + created.text("id")
	b.want(b.do("GET", status, writes, ""), 404, "Not Found")
	b.want(b.do("GET", "/uploads/v1/bob/"+created.text("id"), reads, ""), 404, "Not Found")
	b.sim.Advance(9 * time.Second)
	shows := func(path, text string) {
		t.Helper()
		if got := b.do("GET", path, b.all, ""); !strings.Contains(string(got.raw), text) {
			t.Errorf("%d %s", got.status, got.raw)
		}
	}
	shows(status, `"complete":false`)
	shows(status, `"progress":0.9`)
	b.sim.Advance(time.Second)
	shows(status, `"complete":true`)
	shows(api, created.text("id"))
}
