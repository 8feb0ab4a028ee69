package tokensource_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/pkg/tokensource"
)

// answer is an answer of the mint in the table.
type answer struct {
	Status    int               `json:"status"`
	Headers   map[string]string `json:"headers"`
	JSON      json.RawMessage   `json:"json"`
	Text      *string           `json:"text"`
	Token     string            `json:"token"`
	ExpiresIn *seconds          `json:"expires_in"`
	After     seconds           `json:"after"`
	Error     bool              `json:"error"`
	Silence   bool              `json:"silence"`
}

// lab is one scenario that is played: a mint, sources, and calls in groups.
type lab struct {
	t           *testing.T
	ctx         context.Context // ends with the scenario
	end         func()
	sources     []*tokensource.Source
	groups      map[string]*group
	calls       sync.WaitGroup
	shift       atomic.Int64 // of the wall clock against the monotonic clock
	slept       atomic.Int64
	getsOnError atomic.Bool

	mu        sync.Mutex
	answers   []answer
	authorize []json.RawMessage
	requests  []time.Time
	sent      []string
	refreshes []bool
	ends      map[string]time.Time // of tokens, by the true time
}

// group is the calls of one step.
type group struct {
	ctx     context.Context
	cancel  context.CancelFunc
	mu      sync.Mutex
	pending int
	got     []outcome
}

func newLab(t *testing.T, s scenario) *lab {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	l := &lab{t: t, ctx: ctx, groups: map[string]*group{}, answers: s.Mint,
		authorize: s.Authorization, ends: map[string]time.Time{}}
	l.end = func() { cancel(); l.calls.Wait() }
	return l
}

func (l *lab) wall() time.Time { return time.Now().Add(time.Duration(l.shift.Load())) }
func (l *lab) truth() time.Time {
	return time.Now().Add(time.Duration(l.slept.Load()))
}

func (l *lab) options(s scenario) tokensource.Options {
	options := tokensource.Options{
		URL:     address,
		Timeout: s.Options.Timeout.duration(),
		Wait:    s.Options.Wait.duration(),
		Client:  &http.Client{Transport: &wireOf{lab: l}},
	}
	if s.Options.URL != nil {
		options.URL = *s.Options.URL
	}
	if s.Authorization != nil {
		options.Authorization = l.authorization
	}
	return options
}

func (l *lab) wantNoSource(s scenario, code string) {
	l.t.Helper()
	_, err := tokensource.New(l.options(s))
	if got := outcomeOf("", err); got.Code != code {
		l.t.Errorf("%v, want the code %s", err, code)
	}
}

func (l *lab) open(s scenario) {
	l.t.Helper()
	for range max(s.Sources, 1) {
		var source *tokensource.Source
		options := l.options(s)
		options.OnError = func(*tokensource.Error) {
			if l.getsOnError.Load() {
				_, _, _ = source.Token(l.ctx)
			}
		}
		source, err := tokensource.New(options)
		if err != nil {
			l.t.Fatal(err)
		}
		source.SetWall(l.wall)
		l.sources = append(l.sources, source)
	}
}

// call asks for a token in a goroutine of its own.
func (l *lab) call(name string, source *tokensource.Source) {
	g := l.groups[name]
	if g == nil {
		g = &group{}
		g.ctx, g.cancel = context.WithCancel(l.ctx)
		l.groups[name] = g
	}
	g.mu.Lock()
	g.pending++
	g.mu.Unlock()
	l.calls.Go(func() {
		got := l.use(g.ctx, source)
		g.mu.Lock()
		defer g.mu.Unlock()
		g.pending--
		g.got = append(g.got, got)
	})
}

// use makes a call, and looks whether it gets a token that has ended.
func (l *lab) use(ctx context.Context, source *tokensource.Source) outcome {
	token, _, err := source.Token(ctx)
	if err == nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		if end := l.ends[token.Reveal()]; !l.truth().Before(end) {
			l.t.Errorf("%s has ended %s ago", token.Reveal(), l.truth().Sub(end))
		}
	}
	return outcomeOf(token.Reveal(), err)
}

func outcomeOf(token string, err error) outcome {
	e, ok := errors.AsType[*tokensource.Error](err)
	if !ok {
		return outcome{Token: token, Code: fmt.Sprint(err)}
	}
	got := outcome{Code: e.Code, Status: e.Status}
	if cause, ok := errors.AsType[*tokensource.Error](e.Err); ok {
		got.Cause = cause.Code
	}
	return got
}

// watch uses a source each second until the scenario ends.
func (l *lab) watch(source *tokensource.Source) {
	l.calls.Go(func() {
		for l.ctx.Err() == nil {
			l.use(l.ctx, source)
			select {
			case <-time.After(time.Second):
			case <-l.ctx.Done():
			}
		}
	})
}

// authorization is the function that the scenario describes.
func (l *lab) authorization(ctx context.Context, refresh bool) (string, error) {
	l.mu.Lock()
	said := l.authorize[0]
	if len(l.authorize) > 1 {
		l.authorize = l.authorize[1:]
	}
	l.refreshes = append(l.refreshes, refresh)
	l.mu.Unlock()
	var value *string
	switch {
	case string(said) == `{"throws":true}`:
		panic("a mistake")
	case string(said) == `{"hangs":true}`:
		<-ctx.Done()
		return "", ctx.Err()
	case json.Unmarshal(said, &value) != nil:
		return "", errors.New("the table has an unknown authorization")
	case value == nil:
		return "", nil
	}
	return *value, nil
}
