package scale_test

import (
	"context"
	"errors"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/tokenmint/tokenmint/internal/tokencache"
)

// What DynamoDB gives, in units a second. A consistent read of up to 4 kB costs one unit, an
// eventually consistent one half of it, and a write of up to 1 kB one, also if its condition does
// not hold.
const (
	partitions      = 4 // of a new on-demand table: 12,000 read and 4,000 write units
	partitionReads  = 3000
	partitionWrites = 1000

	behind     = 20 * time.Millisecond // by so much an eventually consistent read is late,
	farBehind  = time.Second           // and by so much one
	farReads   = 100                   // of so many
	oldVersion = 2 * time.Second       // a version replaced so long ago is not read any more
)

// errTable is the error of a table that is gone and says so.
var errTable = errors.New("table: 500")

// dynamoTable is a new on-demand table: it throttles each partition, and its reads may be late.
// Burst and adaptive capacity, which AWS does not promise, do not come to its help.
type dynamoTable struct {
	memory *tokencache.Memory
	began  time.Time
	gone   span // when it does not answer,
	silent bool // but lets a caller wait

	mu     sync.Mutex
	random *rand.Rand
	past   map[string][]version
	second int64 // since began, that the use below is of
	used   map[string]*use
	shares [partitions]use
	most   use // of a key in a second
	denied int // throttled calls
}

// use is what was asked for in a second, in half units.
type use struct{ reads, writes int }

// version is a record from a moment on.
type version struct {
	since  time.Time
	record tokencache.Record
}

func newTable(now time.Time) *dynamoTable {
	return &dynamoTable{
		memory: tokencache.NewMemory(), began: now, random: rand.New(rand.NewPCG(1, 1)),
		past: map[string][]version{}, used: map[string]*use{},
	}
}

// admit counts a call, and returns how late a read is.
func (d *dynamoTable) admit(
	ctx context.Context, key string, halves use,
) (late time.Duration, err error) {
	now := time.Now()
	if !now.Before(d.gone.from) && now.Before(d.gone.to) {
		if d.silent {
			<-ctx.Done()
			return 0, ctx.Err()
		}
		return 0, errTable
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if second := int64(now.Sub(d.began) / time.Second); second != d.second {
		d.second, d.shares = second, [partitions]use{}
		clear(d.used)
	}
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(key))
	of, share := d.used[key], &d.shares[hash.Sum32()%partitions]
	if of == nil {
		of = &use{}
		d.used[key] = of
	}
	of.add(halves)
	d.most = use{max(d.most.reads, of.reads), max(d.most.writes, of.writes)}
	if share.reads+halves.reads > 2*partitionReads ||
		share.writes+halves.writes > 2*partitionWrites {
		d.denied++
		return 0, tokencache.ErrThrottled
	}
	share.add(halves)
	if d.random.IntN(farReads) == 0 {
		return time.Duration(d.random.Int64N(int64(farBehind))), nil
	}
	return time.Duration(d.random.Int64N(int64(behind))), nil
}

func (u *use) add(other use) { u.reads, u.writes = u.reads+other.reads, u.writes+other.writes }

// note keeps what a write has made of a record.
func (d *dynamoTable) note(ctx context.Context, key string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	record, _ := d.memory.Load(ctx, key) // of memory: it fails only if ctx has ended
	now, versions := time.Now(), d.past[key]
	for len(versions) > 1 && now.Sub(versions[1].since) > oldVersion {
		versions = versions[1:]
	}
	d.past[key] = append(versions, version{now, record})
}

func (d *dynamoTable) write(ctx context.Context, key string, do func() error) error {
	if _, err := d.admit(ctx, key, use{writes: 2}); err != nil {
		return err
	}
	err := do()
	if err == nil {
		d.note(ctx, key)
	}
	return err
}

func (d *dynamoTable) Load(ctx context.Context, key string) (tokencache.Record, error) {
	late, err := d.admit(ctx, key, use{reads: 1})
	if err != nil {
		return tokencache.Record{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	as := time.Now().Add(-late)
	for _, v := range slices.Backward(d.past[key]) {
		if !v.since.After(as) {
			return v.record, nil
		}
	}
	return tokencache.Record{}, nil
}

func (d *dynamoTable) Lease(
	ctx context.Context, key string, seen tokencache.Record, lease string, now, keep time.Time,
) error {
	return d.write(ctx, key, func() error {
		return d.memory.Lease(ctx, key, seen, lease, now, keep)
	})
}

func (d *dynamoTable) Save(ctx context.Context, key, lease string, r tokencache.Record) error {
	return d.write(ctx, key, func() error { return d.memory.Save(ctx, key, lease, r) })
}

func (d *dynamoTable) Release(ctx context.Context, key, lease string) error {
	return d.write(ctx, key, func() error { return d.memory.Release(ctx, key, lease) })
}

func (d *dynamoTable) Spend(ctx context.Context, s tokencache.Spend) (left int, err error) {
	if _, err := d.admit(ctx, "budget", use{writes: 2}); err != nil {
		return 0, err
	}
	return d.memory.Spend(ctx, s)
}

func (d *dynamoTable) CloseBudget(ctx context.Context, now, until time.Time) error {
	if _, err := d.admit(ctx, "budget", use{writes: 2}); err != nil {
		return err
	}
	return d.memory.CloseBudget(ctx, now, until)
}
