package bench_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/test/bench"
)

func open(tb testing.TB) *bench.Lab {
	tb.Helper()
	lab, err := bench.Open(tb.Context(), "../..")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := lab.Close(); err != nil {
			tb.Error(err)
		}
	})
	return lab
}

// A figure of something that does not do its work is worth nothing. That is all that plain `go
// test` looks at: times are no gate.
func TestSubjectsDoWhatIsMeasured(t *testing.T) {
	t.Parallel()
	lab := open(t)
	for _, s := range lab.Subjects {
		t.Run(s.Name, func(t *testing.T) {
			before := lab.TableRequests()
			p := start(t, lab, s)
			defer p.Kill()
			for range 2 {
				body, _, err := p.Request(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if s.Name == bench.Hello {
					if body != "hello, world" {
						t.Errorf("body %q", body)
					}
					continue
				}
				var reply struct{ Token string }
				if err := json.Unmarshal([]byte(body), &reply); err != nil ||
					!strings.HasPrefix(reply.Token, "tk.") {
					t.Error("the reply holds no temporary token")
				}
			}
			want := int64(0)
			if s.Name == bench.Table {
				// look, take the lease, spend from the budget, store; the second request needs none
				want = 4
			}
			if got := lab.TableRequests() - before; got != want {
				t.Errorf("%d requests to the table, want %d", got, want)
			}
			if strings.Contains(p.Log(), "WARN") {
				t.Errorf("served with a detour: %s", p.Log())
			}
		})
	}
}

func BenchmarkStartUp(b *testing.B) {
	lab := open(b)
	versus(b, lab, bench.Hello, func(b *testing.B, s bench.Subject) time.Duration {
		p := start(b, lab, s)
		defer p.Kill()
		return p.StartUp
	})
}

func BenchmarkStartUpAndFirstRequest(b *testing.B) {
	lab := open(b)
	versus(b, lab, bench.Plain, func(b *testing.B, s bench.Subject) time.Duration {
		p := start(b, lab, s)
		defer p.Kill()
		return p.StartUp + request(b, p)
	})
}

func BenchmarkWarmRequest(b *testing.B) {
	lab := open(b)
	running := map[string]bench.Process{}
	for _, s := range lab.Subjects {
		p := start(b, lab, s)
		defer p.Kill()
		request(b, p)
		running[s.Name] = p
	}
	versus(b, lab, bench.Hello, func(b *testing.B, s bench.Subject) time.Duration {
		return request(b, running[s.Name])
	})
}

func BenchmarkHandler(b *testing.B) { open(b).Handler(b) }

// versus measures each subject in turn with the yardstick, so that noise hits both alike, and
// reports its median and that one's ratio to the yardstick's. The yardstick's ratio to itself shows
// the noise that is left.
func versus(b *testing.B, lab *bench.Lab, yardstick string,
	measure func(*testing.B, bench.Subject) time.Duration) {
	for _, s := range lab.Subjects {
		b.Run(s.Name, func(b *testing.B) {
			var took, base []time.Duration
			for b.Loop() {
				base = append(base, measure(b, lab.Subject(yardstick)))
				took = append(took, measure(b, s))
			}
			b.ReportMetric(0, "ns/op") // hidden: it is of both together
			b.ReportMetric(bench.Median(took).Seconds()*1000, "ms")
			b.ReportMetric(float64(bench.Median(took))/float64(bench.Median(base)), "x-"+yardstick)
		})
	}
}

func start(tb testing.TB, lab *bench.Lab, s bench.Subject) bench.Process {
	tb.Helper()
	p, err := lab.Start(tb.Context(), s)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func request(tb testing.TB, p bench.Process) time.Duration {
	tb.Helper()
	_, took, err := p.Request(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	return took
}
