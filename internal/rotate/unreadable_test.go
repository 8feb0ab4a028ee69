package rotate_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/rotate"
	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// lockedStore cannot read one version, as after its KMS key is gone.
type lockedStore struct {
	secrets.Store
	locked string
	err    error
}

func (s *lockedStore) Get(ctx context.Context, id, versionID string) (secrets.Version, error) {
	if versionID == s.locked {
		return secrets.Version{}, fmt.Errorf("get version %s of secret %s: %w",
			versionID, id, s.err)
	}
	return s.Store.Get(ctx, id, versionID)
}

// A version that cannot be read is reported, its token lives, and the parent is still rotated. Once
// the version can be read again, its token is deleted.
func TestTokenOfAVersionThatCannotBeReadIsKept(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"denied":  secrets.ErrDenied,
		"missing": secrets.ErrNotFound,
		"unknown": context.DeadlineExceeded,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newTestRotator(t).rotated()
			b.mustRun(`{"action":"rotate","id":"replace","force":true}`)
			old, _ := b.describe().VersionAt(secrets.Previous)
			token := b.credential(old).ID
			store := &lockedStore{Store: b.memory, locked: old, err: err}
			b.handler = b.newHandler(store, tokens.Config{BaseURL: b.mapbox()})
			for i := range 4 {
				report := b.mustRun(fmt.Sprintf(`{"action":"rotate","id":"locked %d","force":true}`,
					i))
				problems := strings.Join(report.Tokens[0].Problems, "; ")
				if _, alive := b.live()[token]; !alive {
					t.Fatalf("run %d: the token of the locked version is gone", i)
				}
				//nolint:errorlint // the row's own value
				if err == secrets.ErrDenied && !strings.Contains(problems, old) {
					t.Errorf("run %d: problems are %q", i, problems)
				}
				b.sim.Advance(retireAfter / 2)
			}
			store.locked = "none"
			b.mustRun(`{"action":"rotate","id":"open"}`)
			b.sim.Advance(retireAfter + time.Hour)
			b.mustRun(`{"action":"rotate","id":"over"}`)
			if _, alive := b.live()[token]; alive {
				t.Error("the token lives after its version can be read again")
			}
		})
	}
}

// An additional secret holds the token that the parent secret no longer needs. The token lives
// and both log lines say why.
func TestLogSaysWhyATokenIsKept(t *testing.T) {
	t.Parallel()
	b := newTestRotator(t).rotated().withAdditional(uploads())
	value := b.credential("")
	copied, err := value.Encode()
	if err != nil {
		t.Fatal(err)
	}
	b.mustRun(`{"action":"rotate","id":"replace","force":true,"name":"parent"}`)
	if err := b.store.Put(t.Context(), "tokenmint/uploads", strings.Repeat("c", 32), copied,
		secrets.Current); err != nil {
		t.Fatal(err)
	}
	b.sim.Advance(retireAfter)
	report := b.mustRun(`{"action":"rotate","id":"over","name":"parent"}`)
	why := "token " + value.ID + " is kept: it is current in secret tokenmint/uploads"
	if got := report.Tokens[0].Problems; len(got) != 1 || got[0] != why {
		t.Errorf("problems are %q, want %q", got, why)
	}
	for _, part := range []string{`"kept":"` + why + `"`, `"problems":["` + why + `"]`} {
		if !strings.Contains(b.log.String(), part) {
			t.Errorf("the log lacks %s", part)
		}
	}
}

// The note of a token that the rotator creates names stack, token and version.
func TestNoteIsThatOfACreatedToken(t *testing.T) {
	t.Parallel()
	b := newTestRotator(t).rotated()
	current, _ := b.describe().VersionAt(secrets.Current)
	want := rotate.Note("test", "parent", current)
	if got := b.live()[b.credential("").ID].Note; got != want {
		t.Errorf("the note is %q, want %q", got, want)
	}
}
