package scale_test

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/tokencache"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

const (
	budget   = 80 // mints a minute, the mint's default
	lifetime = time.Hour
	reuse    = 30 * time.Minute

	instanceLives = 20 * time.Minute // on average; how long is left never depends on how old it is

	late = 5 * time.Minute // after the end of a run, requests that wait may still be there
)

// profiles are what is asked for, and the share of the requests that asks for it.
var profiles = [...]struct {
	share float64
	spec  tokencache.Spec
}{
	{0.80, spec("web-map", "fonts:read", "styles:read", "styles:tiles")},
	{0.18, spec("mobile", "fonts:read", "offline:read", "styles:read", "styles:tiles")},
	{0.02, spec("uploads", "uploads:list", "uploads:read", "uploads:write")},
}

func spec(profile string, scopes ...string) tokencache.Spec {
	return tokencache.Spec{Digest: "digest of " + profile, Profile: profile, Scopes: scopes,
		Lifetime: lifetime, Reuse: reuse}
}

// model is what a run assumes.
type model struct {
	instances int           // at any time
	every     time.Duration // an instance has requests so often,
	batch     int           // so many, one after another, as Lambda hands them to it
	lasts     time.Duration
	seed      uint64

	// clocksApart is how far apart the clocks of instances are, half of it ahead of Mapbox's.
	clocksApart time.Duration

	together bool          // the first requests of all instances come at the same moment
	perSec   int           // instances start at this rate; 0 = all at once
	known    int           // how many instances there may be, as the mint is told; 0 = it is not
	steady   bool          // nothing is replaced at once
	patience time.Duration // of a caller; 0 = endless
	noTable  outage        // the table is gone
	silent   bool          // and does not say so
	noMapbox outage        // Mapbox answers 502
	rotates  time.Duration // when a rotation is forced, after the start; 0 = never
	reparent time.Duration // when instances read another parent; 0 = never
}

// outage is a part of a run.
type outage struct{ from, to time.Duration }

func (o outage) since(begins time.Time) span { return span{begins.Add(o.from), begins.Add(o.to)} }

// rate returns the requests a second.
func (m model) rate() int { return m.instances * m.batch * int(time.Second) / int(m.every) }

func (m model) clocks() string {
	if m.clocksApart == 0 {
		return "clocks agree"
	}
	return "clocks up to " + m.clocksApart.String() + " apart"
}

// fleet is a run of a model.
type fleet struct {
	model
	t     *testing.T
	table *dynamoTable

	begins, ends, burst time.Time // in the burst every second instance is replaced at once

	parent, successor tokens.Token
	shared, own, each *account       // what the three strategies spend from
	trips             []atomic.Int64 // round trips to the table, by the second
	asked             []atomic.Int64 // requests, by the minute in which they ended
	got               []atomic.Int64 // requests that got a token, by the same minute

	mu     sync.Mutex
	living [][]span      // by profile: when a token that had not ended was in the table
	minted [][]time.Time // by profile
	births int           // of instances
	total  counts

	rotation time.Duration // how long the forced one took; 0 if it failed
}

// span is a time, without its end.
type span struct{ from, to time.Time }

// run plays a model, inside a bubble of virtual time.
func (m model) run(t *testing.T) figures {
	t.Helper()
	now := time.Now()
	f := &fleet{
		model: m, t: t, table: newTable(now), parent: tokens.NewToken("sk.parent.signature"),
		successor: tokens.NewToken("sk.successor.signature"),
		begins:    now, ends: now.Add(m.lasts), burst: now.Add(m.lasts / 2),
		shared: newAccount(now, m.lasts),
		own:    newAccount(now, m.lasts),
		each:   newAccount(now, m.lasts),
		trips:  make([]atomic.Int64, (m.lasts+late)/time.Second),
		asked:  make([]atomic.Int64, (m.lasts+late)/time.Minute),
		got:    make([]atomic.Int64, (m.lasts+late)/time.Minute),
		living: make([][]span, len(profiles)), minted: make([][]time.Time, len(profiles)),
	}
	f.table.gone, f.table.silent = m.noTable.since(now), m.silent
	f.shared.down = m.noMapbox.since(now)
	if m.steady {
		f.burst = f.ends
	}
	var wg sync.WaitGroup
	seeds := rand.New(rand.NewPCG(m.seed, 0))
	for i := range m.instances {
		random := rand.New(rand.NewPCG(m.seed, seeds.Uint64()))
		wg.Go(func() {
			if m.perSec > 0 {
				time.Sleep(time.Duration(i) * time.Second / time.Duration(m.perSec))
			}
			f.succession(random, i%2 == 0)
		})
	}
	if m.rotates > 0 {
		wg.Go(func() { f.rotation = f.shared.rotate(m.rotates) })
	}
	wg.Wait()
	return f.figures()
}

func (f *fleet) figures() figures {
	result := figures{
		model: f.model, counts: f.total, minted: f.minted, born: f.births, shared: f.shared,
		own: f.own, each: f.each,
	}
	for i := range f.trips {
		n := f.trips[i].Load()
		result.trips += n
		result.tripsPeak = max(result.tripsPeak, n)
	}
	for i := range f.asked {
		result.askedBy = append(result.askedBy, int(f.asked[i].Load()))
		result.gotBy = append(result.gotBy, int(f.got[i].Load()))
	}
	result.rotation = f.rotation
	result.keyPeak, result.throttled = f.table.most, f.table.denied
	return result
}

// succession is an instance, the one that takes its place when it goes, and so on. All chance in it
// comes from one source, so that a seed tells a run.
func (f *fleet) succession(random *rand.Rand, inBurst bool) {
	var sum counts
	for births := 0; ; births++ {
		now := time.Now()
		if !now.Before(f.ends) {
			f.mu.Lock()
			f.births += births
			f.total.add(&sum)
			f.mu.Unlock()
			return
		}
		goes := now.Add(time.Duration(random.ExpFloat64() * float64(instanceLives)))
		if inBurst && now.Before(f.burst) && goes.After(f.burst) {
			goes = f.burst
		}
		if goes.After(f.ends) {
			goes = f.ends
		}
		f.newInstance(random, &sum).serve(goes)
	}
}

// isThere reports whether a valid token for the profile was in the table.
func (f *fleet) isThere(profile int, at time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.living[profile] {
		if !at.Before(s.from) && at.Before(s.to) {
			return true
		}
	}
	return false
}

// noteSaved notes a token. Every read finds it when the latest read that is late has passed.
func (f *fleet) noteSaved(profile int, r tokencache.Record) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.living[profile] = append(f.living[profile],
		span{from: time.Now().Add(farBehind), to: r.Expires})
}

// noteTrip counts a round trip to the table.
func (f *fleet) noteTrip() { f.trips[time.Since(f.begins)/time.Second].Add(1) }

// noteMint notes that a token came from Mapbox.
func (f *fleet) noteMint(profile int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.minted[profile] = append(f.minted[profile], time.Now())
}
