//go:build moto

package fleet_test

import (
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"sync/atomic"
	"testing"
	"time"
)

// table stands in front of moto's DynamoDB: it passes calls on, or does what the real one may do.
type table struct {
	moto    *httputil.ReverseProxy
	state   atomic.Int32
	refused atomic.Int64 // calls that it did not pass on
}

func newDouble(t *testing.T, endpoint string) *table {
	t.Helper()
	moto, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	d := &table{moto: httputil.NewSingleHostReverseProxy(moto)}
	d.moto.ErrorLog = log.New(io.Discard, "", 0) // instances are killed
	return d
}

// The states of a table.
const (
	there     int32 = iota
	throttled       // every second call
	choked          // every call
	gone            // every call fails
	silent          // no call is answered
)

func (d *table) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	state := d.state.Load()
	if state == there || state == throttled && rand.IntN(2) == 0 {
		d.moto.ServeHTTP(w, r)
		return
	}
	d.refused.Add(1)
	switch state {
	case throttled, choked:
		fail(w, http.StatusBadRequest, throttles[rand.IntN(len(throttles))])
	case gone:
		fail(w, http.StatusInternalServerError, "InternalServerError")
	case silent:
		_, _ = io.Copy(io.Discard, r.Body) // only then does the server see that the client has gone
		<-r.Context().Done()
	}
}

// throttles are the codes of DynamoDB's errors when a limit is reached.
var throttles = []string{
	"ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded",
}

func fail(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `{"__type":"com.amazonaws.dynamodb.v20120810#%s"}`, code)
}

// A table that throttles, first everything and then half of it, costs time and nothing else.
func TestFleetOverAThrottledTable(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.table.state.Store(choked)
	relief := time.AfterFunc(2*time.Second, func() { f.table.state.Store(throttled) })
	defer relief.Stop()
	f.report(f.run(12, 20*time.Second))
	if f.table.refused.Load() == 0 {
		t.Error("nothing was throttled")
	}
}

// Without a table a few instances serve everybody, and each asks Mapbox for its own tokens. Once
// the table is back, they share again.
func TestFleetWithoutATable(t *testing.T) {
	t.Parallel()
	for name, state := range map[string]int32{"gone": gone, "silent": silent} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFleet(t)
			f.env = append(f.env, "MINT_CONCURRENCY=8")
			f.table.state.Store(state)
			f.run(8, 8*time.Second)
			calls, births := f.calls(), 8+f.killed
			t.Logf("%d requests, %d errors, %d calls to Mapbox by %d instances, slowest %s",
				f.requests, len(f.errors), calls, births, f.slowest)
			// The shortest window has ten seconds, so each instance may see its end.
			if len(f.errors) > 0 || calls > 2*births*len(profiles) {
				t.Errorf("%d calls to Mapbox, errors %v", calls, f.errors)
			}
			f.table.state.Store(there)
			before := f.calls()
			f.run(8, 8*time.Second)
			if more := f.calls() - before; len(f.errors) > 0 || more > 6 {
				t.Errorf("with the table back: %d calls to Mapbox, errors %v", more, f.errors)
			}
		})
	}
}

// Where there may be two thousand instances, sixteen of them leave Mapbox in peace, and tell
// callers when to come again.
func TestFleetOfManyWithoutATable(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.env = append(f.env, "MINT_CONCURRENCY=2000")
	f.table.state.Store(gone)
	back := time.AfterFunc(8*time.Second, func() { f.table.state.Store(there) })
	defer back.Stop()
	start := time.Now()
	f.run(16, 20*time.Second)
	t.Logf("%d requests, %d calls to Mapbox", f.requests, f.calls())
	// An instance asks the table again within five seconds. A busy machine may be too slow for the
	// table even then, for one instance or another.
	const settled = 14 * time.Second
	refused, late, refusedLate := 0, 0, 0
	for _, r := range f.replies {
		wait, _ := strconv.Atoi(r.retryAfter)
		after := r.at.Sub(start)
		if after > settled {
			late++
		}
		switch {
		case r.status == http.StatusOK:
		case r.status != http.StatusServiceUnavailable || r.code != "table_unavailable",
			wait < 1 || wait > 10:
			t.Errorf("after %s: status %d, code %s, Retry-After %q",
				after, r.status, r.code, r.retryAfter)
		case after > settled:
			refusedLate++
		default:
			refused++
		}
	}
	if refusedLate > late/20 {
		t.Errorf("with the table back, %d of %d requests are refused", refusedLate, late)
	}
	if calls := f.calls(); refused == 0 || calls > 12 { // most are for windows after the outage
		t.Errorf("%d requests refused, %d calls to Mapbox", refused, calls)
	}
}
