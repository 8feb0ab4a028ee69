package mapbox_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
)

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		cfg  mapbox.Config
		want string
	}{
		"created status": {mapbox.Config{CreatedStatus: 204},
			"created status 204: must be 200 or 201"},
		"rate limit": {mapbox.Config{RateLimit: -1}, "rate limit -1: must not be negative"},
		"list lag":   {mapbox.Config{ListLag: -time.Second}, "list lag -1s: must not be negative"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := mapbox.New(tc.cfg); err == nil || err.Error() != tc.want {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
}

func TestAddToken(t *testing.T) {
	t.Parallel()
	b := newTestSimulator(t, mapbox.Config{})
	for _, name := range []string{"", "Alice", "a/b", "-a", "a.b", "alice"} {
		if err := b.sim.AddAccount(name); err == nil {
			t.Errorf("an account %q is opened", name)
		}
	}
	if _, _, err := b.sim.AddToken("nobody", "n", nil); err == nil {
		t.Error("nobody gets a token")
	}
	if err := b.sim.Revoke("alice", "c"); err == nil {
		t.Error("a token that is not there is revoked")
	}
	if err := b.sim.Revoke("nobody", b.allID); err == nil {
		t.Error("nobody's token is revoked")
	}
	if got := b.sim.Tokens("nobody"); len(got) != 0 {
		t.Errorf("nobody has %d tokens", len(got))
	}
	id, token := b.issue("alice", "scope:of-tomorrow")
	if !strings.HasPrefix(token, "sk.") || b.verdict(token) != "TokenValid" {
		t.Error("a scope that is not in the catalogue does not make a working secret token")
	}
	if last := b.sim.Tokens("alice")[2]; last.ID != id || last.Usage != "sk" ||
		!last.Created.Equal(birth) {
		t.Errorf("got %+v", last)
	}
}

// Methods may be called at the same time. The race detector checks this, and the test counts the
// tokens.
func TestTogether(t *testing.T) {
	t.Parallel()
	b := newTestSimulator(t, mapbox.Config{TemporaryDiesWithParent: true, RateLimit: 1000})
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			b.do("POST", "/tokens/v2/alice", b.all,
				fmt.Sprintf(`{"scopes":["styles:read"],"note":"%d"}`, i))
			b.do("POST", "/tokens/v2/alice", b.all,
				temporaryBody("2030-05-01T12:30:00Z", []string{"styles:read"}))
			b.do("GET", "/tokens/v2/alice", b.all, "")
			b.manage("GET", "/_sim/calls", "")
			b.manage("POST", "/_sim/clock", `{"advance":"1ms"}`)
			_, _ = b.sim.Snapshot()
		})
	}
	group.Wait()
	ids := make(map[string]bool)
	for _, info := range b.sim.Tokens("alice") {
		ids[info.ID] = true
	}
	if len(ids) != 22 || len(b.sim.Calls()) != 60 {
		t.Errorf("%d ids and %d calls, want 22 and 60", len(ids), len(b.sim.Calls()))
	}
}

// FuzzCreate sends any body. The answer is always JSON. A success follows the rules, a refusal
// creates no token, and the call log contains no token.
func FuzzCreate(f *testing.F) {
	for _, body := range []string{
		`{"note":"Uploads token","scopes":["styles:tiles","uploads:read"]}`,
		`{"expires":"2030-05-01T12:30:00Z","scopes":["styles:read"],"note":"n"}`,
		`{"scopes":["map:write"]}`, `{"scopes":null}`, `{"scopes":[],"allowedUrls":null}`,
		`{"expires":7}`,
		`{"scopes":[],"scopes":["tokens:read"]}`, `null`, `[]`, ``, `{"scopes":[]}{}`,
		"{\"\xff\":1}",
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		sim := newSimulator(t, mapbox.Config{})
		_, token, err := sim.AddToken("alice", "n",
			[]string{"tokens:write", "styles:read", "uploads:read"})
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		sim.ServeHTTP(w, httptest.NewRequest(http.MethodPost,
			"/tokens/v2/alice?access_token="+token, strings.NewReader(body)))
		raw, _ := io.ReadAll(w.Body)
		var got struct {
			Usage, Token, Message string
			Scopes                []string
		}
		if err := json.Unmarshal(raw, &got); err != nil {
			t.Fatal("the answer is not JSON")
		}
		tokens := sim.Tokens("alice")
		switch {
		case w.Code != http.StatusOK:
			if got.Message == "" || got.Token != "" || len(tokens) != 2 {
				t.Errorf("a refusal with %d: message %q, %d tokens", w.Code, got.Message,
					len(tokens))
			}
		case strings.HasPrefix(got.Token, "tk."):
			if len(tokens) != 2 {
				t.Error("a temporary token is kept")
			}
		default:
			checkPermanent(t, tokens, got.Usage, got.Scopes)
		}
		if log := fmt.Sprint(sim.Calls()); strings.Contains(log, token) || got.Token != "" &&
			strings.Contains(log, got.Token) {
			t.Error("a token is in the call log")
		}
	})
}

func checkPermanent(t *testing.T, tokens []mapbox.TokenInfo, usage string, scopes []string) {
	t.Helper()
	want := "pk"
	for _, scope := range scopes {
		switch scope {
		case "styles:read":
		case "uploads:read", "tokens:write":
			want = "sk"
		default:
			t.Errorf("scope %q is beyond the parent's", scope)
		}
	}
	if len(tokens) != 3 || usage != want {
		t.Errorf("%d tokens, the new one %q, want 3 and %q", len(tokens), usage, want)
	}
}
