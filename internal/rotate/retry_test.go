package rotate_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awssm "github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/secrets/awsstore"
	simaws "github.com/tokenmint/tokenmint/internal/sim/aws"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// refusingWire lets a PutSecretValue have its effect and cuts the connection. What the SDK then
// tries again is refused.
type refusingWire struct {
	next    http.Handler
	code    atomic.Value // a string
	between func()       // after the effect, before the refusal
	puts    atomic.Int32
}

func (w *refusingWire) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if r.Header.Get("X-Amz-Target") != "secretsmanager.PutSecretValue" || w.code.Load() == "" {
		w.next.ServeHTTP(rw, r)
		return
	}
	if w.puts.Add(1) > 1 {
		rw.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(rw, `{"__type":%q,"message":"no"}`, w.code.Load())
		return
	}
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	w.next.ServeHTTP(httptest.NewRecorder(), r)
	if w.between != nil {
		w.between()
	}
	panic(http.ErrAbortHandler)
}

// newRetryingRotator is a testRotator whose SDK repeats calls, as in production.
func newRetryingRotator(t *testing.T) (*testRotator, *refusingWire) {
	t.Helper()
	b := newAccount(t).inMemory()
	wire := &refusingWire{next: simaws.New(b.memory)}
	wire.code.Store("")
	manager := httptest.NewServer(wire)
	t.Cleanup(manager.Close)
	b.handler = b.newHandler(awsstore.New(awssm.New(awssm.Options{
		Region:       "eu-west-1",
		BaseEndpoint: aws.String(manager.URL),
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxBackoff = time.Millisecond
		}),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	})), tokens.Config{BaseURL: b.mapbox(), MaxAttempts: 1})
	return b, wire
}

// The first attempt has stored the token. The refusal of the second says nothing about that.
func TestRefusalAfterALostAnswerDeletesNothing(t *testing.T) {
	t.Parallel()
	for _, code := range []string{
		"DecryptionFailure", "EncryptionFailure", "AccessDeniedException", "LimitExceededException",
		"InvalidRequestException",
		"InvalidParameterException", "ResourceNotFoundException", "ResourceExistsException",
		"ExpiredTokenException",
	} {
		for _, promoted := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s promoted=%t", code, promoted), func(t *testing.T) {
				t.Parallel()
				b, wire := newRetryingRotator(t)
				b.rotated()
				wire.code.Store(code)
				wire.between = func() {
					if !promoted {
						return
					}
					// A heartbeat comes in between and promotes the version.
					pending, _ := b.describe().VersionAt(secrets.Pending)
					current, _ := b.describe().VersionAt(secrets.Current)
					b.move(secrets.Current, current, pending)
				}
				before := len(b.ours())
				_, _ = b.run(`{"action":"rotate","id":"forced","force":true}`)
				if puts := wire.puts.Load(); puts < 2 {
					t.Errorf("%d attempts to store, want 2 or more", puts)
				}
				if got := len(b.ours()); got != before+1 {
					t.Errorf("%d of our tokens live, want %d", got, before+1)
				}
				wire.code.Store("")
				for i := range 3 {
					b.sim.Advance(retireAfter)
					b.mustRun(fmt.Sprintf(`{"action":"rotate","id":"later %d"}`, i))
				}
				if got := b.ours(); !slices.Equal(got, []string{b.credential("").ID}) {
					t.Errorf("%d of our tokens live at the end", len(got))
				}
			})
		}
	}
}
