package awsstore_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/sim/aws"
)

const (
	name = "tokenmint/parent"
	v1   = "11111111-1111-4111-8111-111111111111"
	v2   = "22222222-2222-4222-8222-222222222222"
)

var (
	one = secrets.NewValue("SENTINEL-1")
	two = secrets.NewValue("SENTINEL-2")
)

// lossy sends each request to the server. It drops the next answers of one operation. The field
// lose is their number.
type lossy struct {
	operation string
	mu        sync.Mutex
	lose      int
}

func (l *lossy) Do(r *http.Request) (*http.Response, error) {
	reply, err := http.DefaultTransport.RoundTrip(r)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil || l.lose == 0 || !strings.HasSuffix(r.Header.Get("X-Amz-Target"), l.operation) {
		return reply, err
	}
	l.lose--
	reply.Body.Close()
	return nil, io.ErrUnexpectedEOF
}

// parent returns a store with one secret. Version v1 is current, and v2 is pending.
func parent(t *testing.T) *aws.Memory {
	mem := aws.NewMemory(time.Now)
	err := errors.Join(
		mem.Create(t.Context(), name, v1, one),
		mem.Put(t.Context(), name, v2, two, secrets.Pending),
	)
	if err != nil {
		t.Fatal(err)
	}
	return mem
}

func TestMoveSurvivesLostAnswers(t *testing.T) {
	t.Parallel()
	for title, move := range map[string]struct{ stage, from, to string }{
		"promote":   {secrets.Current, v1, v2},
		"remove":    {secrets.Pending, v2, ""},
		"attach":    {"superseded", "", v1},
		"take over": {secrets.Pending, v2, v1},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			mem, client := parent(t), &lossy{operation: "UpdateSecretVersionStage", lose: 1}
			if err := open(t, aws.New(mem), client).MoveStage(t.Context(), name, move.stage,
				move.from, move.to); err != nil {
				t.Errorf("a move whose first answer was lost: %v", err)
			}
			d, err := mem.Describe(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			if holder, _ := d.VersionAt(move.stage); holder != move.to || client.lose != 0 {
				t.Errorf("the label is on %q, want %q; %d answers were not dropped", holder,
					move.to, client.lose)
			}
		})
	}
}

func TestPutSurvivesLostAnswer(t *testing.T) {
	t.Parallel()
	mem := parent(t)
	const v3 = "33333333-3333-4333-8333-333333333333"
	store := open(t, aws.New(mem), &lossy{operation: "PutSecretValue", lose: 1})
	if err := store.Put(t.Context(), name, v3, one, "a"); err != nil {
		t.Errorf("a put whose first answer was lost: %v", err)
	}
	if v, err := mem.GetStage(t.Context(), name, "a"); err != nil || v.ID != v3 {
		t.Errorf("version with the label: %+v, %v", v, err)
	}
}

// After a write with an unknown outcome, the error is not a refusal of package secrets.
func TestUnknownOutcome(t *testing.T) {
	t.Parallel()
	t.Run("all answers lost", func(t *testing.T) {
		t.Parallel()
		store := open(t, aws.New(parent(t)),
			&lossy{operation: "UpdateSecretVersionStage", lose: 100})
		unknown(t, store.MoveStage(t.Context(), name, secrets.Current, v1, v2))
	})
	t.Run("labels cannot be read afterwards", func(t *testing.T) {
		t.Parallel()
		service := aws.New(parent(t))
		store := open(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.Header.Get("X-Amz-Target"), "DescribeSecret") {
				fail(w, "AccessDeniedException")
				return
			}
			service.ServeHTTP(w, r)
		}), &lossy{operation: "UpdateSecretVersionStage", lose: 1})
		unknown(t, store.MoveStage(t.Context(), name, secrets.Current, v1, v2))
	})
}

// words are the refusals, which mean that the call had no effect.
var words = []error{secrets.ErrNotFound, secrets.ErrExists, secrets.ErrConflict, secrets.ErrDenied,
	secrets.ErrInvalid}

func unknown(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		t.Error("no error")
	}
	for _, word := range words {
		if errors.Is(err, word) {
			t.Errorf("error %v claims %q", err, word)
		}
	}
}
