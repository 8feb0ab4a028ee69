package mapbox_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
)

// TestFaults creates a token during a fault. It checks the client's answer and whether the token
// exists.
func TestFaults(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fault   mapbox.Fault
		status  int // 0 = no answer
		body    string
		halved  bool
		created bool
		logged  int
	}{
		"status": {mapbox.Fault{Kind: mapbox.Status, Status: 500}, 500,
			`{"message":"Internal Server Error"}`, false, false, 500},
		"status with message": {mapbox.Fault{Kind: mapbox.Status, Status: 422, Message: "no"}, 422,
			`{"message":"no"}`, false, false, 422},
		"redirection": {mapbox.Fault{Kind: mapbox.Status, Status: 307,
			Header: http.Header{"Location": {"https://a.example/"}}}, 307,
			`{"message":"Temporary Redirect"}`, false, false, 307},
		"HTML": {mapbox.Fault{Kind: mapbox.HTML}, 502, "<!DOCTYPE html>", false, false, 502},
		"HTML as a success": {mapbox.Fault{Kind: mapbox.HTML, Status: 200}, 200, "<!DOCTYPE html>",
			false, false, 200},
		"no answer": {mapbox.Fault{Kind: mapbox.NoAnswer}, 0, "", false, false, 0},
		"half a body": {mapbox.Fault{Kind: mapbox.HalfBody}, 200, `{"client":"api"`, true, true,
			200},
		"lost answer": {mapbox.Fault{Kind: mapbox.LostAnswer}, 0, "", false, true, 0},
		"slow": {mapbox.Fault{Kind: mapbox.Slow, DelayBefore: time.Nanosecond,
			DelayAfter: time.Nanosecond}, 200, `{"client":"api"`, false, true, 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newTestSimulator(t, mapbox.Config{})
			before := len(b.sim.Tokens("alice"))
			b.sim.Inject(tc.fault)
			got, err := b.try("/tokens/v2/alice", `{"scopes":["styles:read"]}`)

			switch {
			case tc.status == 0:
				if err == nil || got.status != 0 {
					t.Fatalf("got %d, want no answer", got.status)
				}
			case got.status != tc.status || !strings.HasPrefix(string(got.raw), tc.body):
				t.Fatalf("got %d, want %d and the body to begin with %s", got.status, tc.status,
					tc.body)
			case tc.halved != errors.Is(err, io.ErrUnexpectedEOF):
				t.Errorf("half a body: %t, want %t", !tc.halved, tc.halved)
			case got.header.Get("Location") != tc.fault.Header.Get("Location"):
				t.Errorf("Location is %q", got.header.Get("Location"))
			}
			if created := len(b.sim.Tokens("alice")) > before; created != tc.created {
				t.Errorf("the token exists: %t, want %t", created, tc.created)
			}
			call := b.sim.Calls()[0]
			if call.Status != tc.logged || call.Fault != tc.fault.String() || call.Fault == "" ||
				call.TokenID != b.allID {
				t.Errorf("logged as %+v", call)
			}
		})
	}
}

// try posts a request that may get no answer (status 0) or half of an answer. It opens a new
// connection, because net/http may repeat a request on a kept connection.
func (b *testSimulator) try(path, body string) (answer, error) {
	b.t.Helper()
	url := b.url + path + "?access_token=" + b.all
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, url,
		strings.NewReader(body))
	if err != nil {
		b.t.Fatal("the request is malformed")
	}
	res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	return answer{status: res.StatusCode, header: res.Header, raw: raw}, err
}

func TestFaultsStrikeWhatTheyName(t *testing.T) {
	t.Parallel()
	broken := mapbox.Fault{Kind: mapbox.Status, Status: 500}
	with := func(change func(*mapbox.Fault)) mapbox.Fault {
		f := broken
		change(&f)
		return f
	}
	for name, tc := range map[string]struct {
		faults []mapbox.Fault
		want   []int // statuses of: scopes, list, scopes, list, scopes, list
	}{
		"once": {[]mapbox.Fault{broken}, []int{500, 200, 200, 200, 200, 200}},
		"twice": {[]mapbox.Fault{with(func(f *mapbox.Fault) { f.Hits = 2 })},
			[]int{500, 500, 200, 200, 200, 200}},
		"for ever": {[]mapbox.Fault{with(func(f *mapbox.Fault) { f.Hits = -1 })},
			[]int{500, 500, 500, 500, 500, 500}},
		"one operation": {[]mapbox.Fault{
			with(func(f *mapbox.Fault) { f.Op, f.Hits = mapbox.OpList, 2 })},
			[]int{200, 500, 200, 500, 200, 200}},
		"after two": {[]mapbox.Fault{with(func(f *mapbox.Fault) { f.Skip = 2 })},
			[]int{200, 200, 500, 200, 200, 200}},
		"after one of it": {[]mapbox.Fault{
			with(func(f *mapbox.Fault) { f.Op, f.Skip = mapbox.OpList, 1 })},
			[]int{200, 200, 200, 500, 200, 200}},
		"one by one": {[]mapbox.Fault{broken, with(func(f *mapbox.Fault) { f.Status = 503 })},
			[]int{500, 503, 200, 200, 200, 200}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newTestSimulator(t, mapbox.Config{})
			for _, f := range tc.faults {
				b.sim.Inject(f)
			}
			var got []int
			for range 3 {
				got = append(got, b.do("GET", "/scopes/v1/alice", b.all, "").status,
					b.do("GET", "/tokens/v2/alice", b.all, "").status)
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("got %d, want %d", got, tc.want)
			}
		})
	}
}

func TestOperationsAreNamed(t *testing.T) {
	t.Parallel()
	b := newTestSimulator(t, mapbox.Config{})
	b.do("GET", "/tokens/v2", b.all, "")
	b.do("GET", "/tokens/v2/alice", b.all, "")
	b.do("POST", "/tokens/v2/alice", b.all, `{"scopes":[]}`)
	b.do("POST", "/tokens/v2/alice", b.all, `{"scopes":[],"expires":"2030-05-01T12:30:00Z"}`)
	b.do("PATCH", "/tokens/v2/alice/c", b.all, `{}`)
	b.do("DELETE", "/tokens/v2/alice/c", b.all, "")
	b.do("GET", "/scopes/v1/alice", b.all, "")
	b.do("GET", "/elsewhere", b.all, "")
	var got []string
	for _, call := range b.sim.Calls() {
		got = append(got, call.Op)
	}
	want := []string{"retrieve", "list", "create", "create-temporary", "update", "delete", "scopes",
		""}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestDelays calls the handler directly, because a connection would need real time.
func TestDelays(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fault    mapbox.Fault
		patience time.Duration
		answered bool
		created  bool
		took     time.Duration
	}{
		"before": {mapbox.Fault{Kind: mapbox.Slow, DelayBefore: 30 * time.Second}, time.Minute,
			true, true, 30 * time.Second},
		"after": {mapbox.Fault{Kind: mapbox.Slow, DelayAfter: 30 * time.Second}, time.Minute, true,
			true, 30 * time.Second},
		"both": {mapbox.Fault{Kind: mapbox.Slow, DelayBefore: time.Second, DelayAfter: time.Second},
			time.Minute, true, true, 2 * time.Second},
		"a slow error": {mapbox.Fault{Kind: mapbox.Status, Status: 500, DelayBefore: time.Second},
			time.Minute, true, false, time.Second},
		"given up before": {mapbox.Fault{Kind: mapbox.Slow, DelayBefore: 30 * time.Second},
			5 * time.Second, false, false, 5 * time.Second},
		"given up afterwards": {mapbox.Fault{Kind: mapbox.Slow, DelayAfter: 30 * time.Second},
			5 * time.Second, false, true, 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sim := newSimulator(t, mapbox.Config{Now: time.Now})
				_, token, err := sim.AddToken("alice", "n", everything)
				if err != nil {
					t.Fatal(err)
				}
				sim.Inject(tc.fault)
				ctx, cancel := context.WithTimeout(t.Context(), tc.patience)
				defer cancel()
				r := httptest.NewRequestWithContext(ctx, "POST",
					"/tokens/v2/alice?access_token="+token, strings.NewReader(`{"scopes":[]}`))
				start := time.Now()
				answered := serve(sim, r)
				if took := time.Since(start); answered != tc.answered || took != tc.took {
					t.Errorf("answered %t after %s, want %t after %s", answered, took, tc.answered,
						tc.took)
				}
				if created := len(sim.Tokens("alice")) == 3; created != tc.created {
					t.Errorf("the token exists: %t, want %t", created, tc.created)
				}
				if len(sim.Calls()) != 1 {
					t.Errorf("%d calls are logged, want 1", len(sim.Calls()))
				}
			})
		})
	}
}

// serve reports whether the handler answered. Otherwise the handler closed the connection.
func serve(h http.Handler, r *http.Request) (answered bool) {
	defer func() {
		//nolint:errorlint // a panic's value, not an error chain
		if v := recover(); v != nil && v != http.ErrAbortHandler {
			panic(v)
		}
	}()
	h.ServeHTTP(httptest.NewRecorder(), r)
	return true
}
