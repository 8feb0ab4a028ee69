package bench

import (
	"archive/zip"
	"context"
	"errors"
	"iter"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"
)

// warmFor is how many requests a warm process answers for each cold one that is started. A tenth
// more come first and are not counted.
const warmFor = 20

// Figures are a subject's medians.
type Figures struct {
	StartUp time.Duration // from the process's start until it asks for its first event
	First   time.Duration // start-up and first request together
	Warm    time.Duration // a later request

	ColdPeak int64 // bytes of memory, after the first request
	WarmPeak int64 // after all of them

	Size   int64 // of the bootstrap
	Zipped int64 // as it is deployed
}

// Results are what [Lab.Measure] found.
type Results struct {
	Rounds  int
	Of      map[string]Figures // by the subject's name
	Handler testing.BenchmarkResult
}

// Measure starts each subject once a round, and then has them answer warm requests side by side.
// The order within a round is drawn anew each time, so that noise hits all alike. The handler alone
// comes last.
func (l *Lab) Measure(ctx context.Context, rounds int) (Results, error) {
	cold, err := l.measureCold(ctx, rounds)
	if err != nil {
		return Results{}, err
	}
	warm, peaks, err := l.measureWarm(ctx, rounds*warmFor)
	if err != nil {
		return Results{}, err
	}
	r := Results{Rounds: rounds, Of: map[string]Figures{}}
	if r.Handler, err = l.measureHandler(); err != nil {
		return Results{}, err
	}
	for _, s := range l.Subjects {
		f := cold[s.Name].medians()
		f.Warm, f.WarmPeak = Median(warm[s.Name]), peaks[s.Name]
		if f.Size, f.Zipped, err = sizes(s.File); err != nil {
			return Results{}, err
		}
		r.Of[s.Name] = f
	}
	return r, nil
}

// coldRuns are the figures of one subject's starts.
type coldRuns struct {
	startUp, first []time.Duration
	peak           []int64
}

func (r *coldRuns) medians() Figures {
	return Figures{StartUp: Median(r.startUp), First: Median(r.first), ColdPeak: Median(r.peak)}
}

func (l *Lab) measureCold(ctx context.Context, rounds int) (map[string]*coldRuns, error) {
	runs := map[string]*coldRuns{}
	for _, s := range l.Subjects {
		runs[s.Name] = &coldRuns{}
	}
	for range rounds {
		for s := range l.shuffled() {
			if err := l.runCold(ctx, s, runs[s.Name]); err != nil {
				return nil, err
			}
		}
	}
	return runs, nil
}

func (l *Lab) runCold(ctx context.Context, s Subject, into *coldRuns) error {
	p, err := l.Start(ctx, s)
	if err != nil {
		return err
	}
	defer p.Kill()
	_, took, err := p.Request(ctx)
	if err != nil {
		return err
	}
	peak, err := p.PeakMemory()
	if err != nil {
		return err
	}
	into.startUp = append(into.startUp, p.StartUp)
	into.first = append(into.first, p.StartUp+took)
	into.peak = append(into.peak, peak)
	return nil
}

func (l *Lab) measureWarm(ctx context.Context, requests int) (took map[string][]time.Duration,
	peaks map[string]int64, err error) {
	took, peaks = map[string][]time.Duration{}, map[string]int64{}
	running := map[string]Process{}
	for _, s := range l.Subjects {
		p, err := l.Start(ctx, s)
		if err != nil {
			return nil, nil, err
		}
		defer p.Kill()
		running[s.Name] = p
	}
	for n := range requests + requests/10 {
		for s := range l.shuffled() {
			_, t, err := running[s.Name].Request(ctx)
			if err != nil {
				return nil, nil, err
			}
			if n >= requests/10 {
				took[s.Name] = append(took[s.Name], t)
			}
		}
	}
	for name, p := range running {
		if peaks[name], err = p.PeakMemory(); err != nil {
			return nil, nil, err
		}
	}
	return took, peaks, nil
}

// measureHandler returns the fastest of five runs. Nothing runs beside the handler here, so noise
// does not cancel out: it only adds.
func (l *Lab) measureHandler() (fastest testing.BenchmarkResult, err error) {
	for n := range 5 {
		run := testing.Benchmark(l.Handler)
		if run.N == 0 {
			return run, errors.New("the handler does not answer: see go test -bench Handler")
		}
		if n == 0 || run.NsPerOp() < fastest.NsPerOp() {
			fastest = run
		}
	}
	return fastest, nil
}

// shuffled returns the subjects in an order of its own.
func (l *Lab) shuffled() iter.Seq[Subject] {
	return func(yield func(Subject) bool) {
		//nolint:gosec // G404: nobody gains by guessing it
		for _, i := range rand.Perm(len(l.Subjects)) {
			if !yield(l.Subjects[i]) {
				return
			}
		}
	}
}

// sizes returns the bootstrap's size, and that of a zip file with it, which is what is deployed.
func sizes(file string) (size, zipped int64, err error) {
	content, err := os.ReadFile(file) //nolint:gosec // G304: a bootstrap that was built here
	if err != nil {
		return 0, 0, err
	}
	var out counter
	archive := zip.NewWriter(&out)
	entry, err := archive.Create("bootstrap")
	if err != nil {
		return 0, 0, err
	}
	_, err = entry.Write(content)
	err = errors.Join(err, archive.Close())
	return int64(len(content)), int64(out), err
}

// counter counts what is written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// Median returns the middle one of the values, of which there must be one.
func Median[T time.Duration | int64](values []T) T {
	return slices.Sorted(slices.Values(values))[len(values)/2]
}
