package scale_test

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/tokenmint/tokenmint/internal/tokencache"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// instance is one instance of the mint, which starts with an empty memory and has one request at a
// time.
type instance struct {
	*fleet
	cache   *tokencache.Cache
	table   *slowTable
	random  *rand.Rand
	counts  *counts
	profile int // that is being asked for
	alone   ownMemory
	rereads time.Duration // when it learns of a rotation, after it
}

func (f *fleet) newInstance(random *rand.Rand, sum *counts) *instance {
	i := &instance{fleet: f, random: random, counts: sum}
	if f.perSec > 0 { // else all read it at the same time, as they started
		i.rereads = time.Duration(random.Int64N(int64(5 * time.Minute)))
	}
	i.table = &slowTable{Store: f.table, random: random, count: f.noteTrip,
		saved: func(r tokencache.Record) { f.noteSaved(i.profile, r) }}
	ahead := time.Duration((random.Float64() - 0.5) * float64(f.clocksApart))
	cache, err := tokencache.New(tokencache.Config{
		Store: i.table, Budget: budget, Instances: f.known,
		Now:    func() time.Time { return time.Now().Add(ahead) },
		Logger: slog.New(slog.DiscardHandler), Random: random.Float64,
	})
	if err != nil {
		panic(err) // a field is missing above
	}
	i.cache = cache
	return i
}

// serve has requests until a time. Each instance asks at moments of its own.
func (i *instance) serve(until time.Time) {
	next := time.Now().Add(time.Duration(i.random.Int64N(int64(i.every))))
	if i.together && next.Sub(i.begins) < i.every {
		next = time.Now()
	}
	for ; next.Before(until); next = next.Add(i.every) {
		time.Sleep(time.Until(next))
		for range i.batch {
			i.ask(i.choose())
		}
		for next.Add(i.every).Before(time.Now()) {
			next = next.Add(i.every) // an instance that waits asks for no other token
		}
	}
	time.Sleep(time.Until(until))
}

// choose returns a profile, by the shares.
func (i *instance) choose() int {
	x := i.random.Float64()
	for n, p := range profiles {
		if x -= p.share; x < 0 {
			return n
		}
	}
	return 0
}

// ask is one request: to the cache, and beside it to the two strategies that it is compared with.
func (i *instance) ask(profile int) {
	start := time.Now()
	i.profile, i.table.took = profile, 0
	got, err := i.get(profile)
	i.counts.requests++
	minute := time.Since(i.begins) / time.Minute
	i.asked[minute].Add(1)
	if err == nil {
		i.fleet.got[minute].Add(1)
	}
	switch took := time.Since(start); {
	case err != nil:
		i.counts.refused, i.counts.refusal = i.counts.refused+1, err
	case took == 0:
		i.counts.atOnce++
		i.counts.handOut(got, start)
	default:
		i.counts.handOut(got, start.Add(took))
		i.counts.wait(causeOf(got, took > i.table.took), i.isThere(profile, start), took)
	}
	if _, ok := i.each.admit(start); !ok {
		i.counts.refusedEach++
	}
	if !i.alone.ask(i.own, profile, start) {
		i.counts.refusedOwn++
	}
}

func (i *instance) get(profile int) (tokencache.Result, error) {
	ctx := i.t.Context()
	if i.patience > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, i.patience)
		defer cancel()
	}
	return i.cache.Get(ctx, i.parentNow(), profiles[profile].spec, i.mint)
}

// parentNow is the parent that the instance knows: it reads the secret every five minutes.
func (i *instance) parentNow() tokens.Token {
	if i.reparent > 0 && time.Since(i.begins) >= i.reparent+i.rereads {
		return i.successor
	}
	return i.parent
}

func (i *instance) mint(ctx context.Context, expires time.Time) (tokens.Temporary, error) {
	token, err := i.shared.create(ctx, i.random, expires)
	if err == nil {
		i.noteMint(i.profile)
	}
	return token, err
}

// ownMemory is what an instance of another mint would know: the tokens that it minted itself, and
// when Mapbox will listen again.
type ownMemory struct {
	until  [len(profiles)]time.Time // by profile
	resets time.Time
}

// ask reports whether a request gets a token, from this instance's memory or from Mapbox, which
// answers at once.
func (m *ownMemory) ask(mapbox *account, profile int, now time.Time) bool {
	if now.Before(m.until[profile]) {
		return true
	}
	if now.Before(m.resets) {
		return false
	}
	resets, ok := mapbox.admit(now)
	if !ok {
		m.resets = resets
		return false
	}
	m.until[profile] = now.Add(reuse)
	return true
}
