package rotate_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
)

// A new stack has no parent yet. Its heartbeat succeeds and says what to do; who asks for more
// hears that nothing was done.
func TestNoParentYetIsAWait(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"empty": "", "placeholder": "replace-me",
		"json": `{"token":""}`, "generated": `x9$"{]`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newTestRotator(t).withAdditional(uploads())
			if text == "" {
				b.must(b.service.Create(t.Context(), parentSecret, "", secrets.Value{}))
			} else {
				b.hold(text)
			}
			report, err := b.tryEvent(heartbeat)
			if got := stepsOf(report); err != nil || got != "parent[wait] uploads[wait]" ||
				!strings.Contains(report.Tokens[0].Why, "tokenmint bootstrap") {
				t.Errorf("%s, %v", got, err)
			}
			for _, event := range []string{
				`{"action":"rotate","id":"f","force":true}`,
				`{"action":"rotate","id":"f","name":"uploads","force":true}`,
				`{"action":"retire","id":"r","name":"parent","now":true}`,
			} {
				if _, err := b.tryEvent(event); err == nil ||
					!strings.Contains(err.Error(), "tokenmint bootstrap") {
					t.Errorf("%s: %v", event, err)
				}
			}
		})
	}
}

// What an additional token's secret holds first may be anything.
func TestAdditionalSecretWithAPlaceholderGetsItsToken(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]func(b *testRotator) string{
		"text":   func(*testRotator) string { return "replace-me" },
		"json":   func(*testRotator) string { return `{"token":""}` },
		"quoted": func(b *testRotator) string { return `"` + b.bare() + `"` },
		"public": func(b *testRotator) string {
			_, value := b.issue("styles:read")
			return value
		},
		"temporary": func(b *testRotator) string { return b.temporary() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newTestRotator(t).rotated()
			b.must(b.memory.Create(t.Context(), "tokenmint/uploads", hand,
				secrets.NewValue(text(b))))
			b.withAdditional(uploads())
			b.mustRun(heartbeat)
			if got := b.stored("tokenmint/uploads"); got.Rotation == "" ||
				!slices.Equal(got.Scopes, []string{"uploads:write"}) {
				t.Errorf("stored is %+v", got)
			}
			if got := stepsOf(b.mustRun(heartbeat)); !strings.Contains(got, "uploads[settled]") {
				t.Errorf("afterwards: %s", got)
			}
		})
	}
}

// temporary returns a temporary token.
func (b *testRotator) temporary() string {
	b.t.Helper()
	body := fmt.Sprintf(`{"scopes":["styles:read","tokens:read","tokens:write"],"expires":%q}`,
		b.sim.Now().Add(time.Hour).Format(time.RFC3339))
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost,
		"https://api.mapbox.com/tokens/v2/"+user+"?access_token="+b.bare(), strings.NewReader(body))
	b.must(err)
	r.Header.Set("Content-Type", "application/json")
	reply, err := inProcess{b.sim}.RoundTrip(r)
	b.must(err)
	defer func() { b.must(reply.Body.Close()) }()
	var got struct{ Token string }
	b.must(json.NewDecoder(reply.Body).Decode(&got))
	b.planted = append(b.planted, got.Token)
	return got.Token
}

// While the parent is temporary, nothing is deleted: what was there before is the last that can be
// rolled back to.
func TestTemporaryParentDeletesNothing(t *testing.T) {
	t.Parallel()
	b := newTestRotator(t).rotated()
	last := b.credential("").ID
	b.put(b.temporary(), hand, secrets.Current)
	for _, event := range []string{heartbeat,
		`{"action":"retire","id":"r","name":"parent","now":true}`,
		`{"action":"rotate","id":"f","force":true}`} {
		if _, err := b.tryEvent(event); err == nil ||
			!strings.Contains(err.Error(), "the parent is a temporary token") {
			t.Errorf("%s: %v", event, err)
		}
		if _, alive := b.live()[last]; !alive {
			t.Fatalf("%s deleted the last permanent parent", event)
		}
	}
}
