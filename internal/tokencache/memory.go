package tokencache

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"sync"
	"time"
)

// memoryRecords limits a Memory. A key is made from the scopes of a profile and one step of time,
// so normal callers need far fewer.
const memoryRecords = 4096

// Memory is a store for one instance, or for tests that share it among several. It has no clock: it
// compares ends with the times in the calls. A new key drops the records that have ended. At 4096
// records it drops the one that ends first.
type Memory struct {
	mu      sync.Mutex
	records map[string]entry
	minutes map[time.Time]minute // by their beginning, in UTC
	closed  time.Time            // until when the budget is
}

// entry is a record that may be dropped after end.
type entry struct {
	Record
	end time.Time
}

// minute is a ledger: how many mints were taken.
type minute struct {
	total    int
	profiles map[string]int
}

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{records: map[string]entry{}, minutes: map[time.Time]minute{}}
}

// Load implements [Store].
func (m *Memory) Load(ctx context.Context, key string) (Record, error) {
	if err := ctx.Err(); err != nil {
		return Record{}, fmt.Errorf("load record %s: %w", key, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.records[key].Record
	r.Sealed = bytes.Clone(r.Sealed)
	return r, nil
}

// Lease implements [Store].
func (m *Memory) Lease(
	ctx context.Context, key string, seen Record, lease string, now, keep time.Time,
) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("take lease of %s: %w", key, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	e, there := m.records[key]
	if !e.Minted.Equal(instant(seen.Minted)) || e.Lease != seen.Lease {
		return ErrLost
	}
	if !there {
		m.makeRoom(now)
	}
	e.Lease, e.Leased, e.end = lease, instant(now), keep
	m.records[key] = e
	return nil
}

// makeRoom drops what has ended, and makes sure that one more record fits.
func (m *Memory) makeRoom(now time.Time) {
	maps.DeleteFunc(m.records, func(_ string, e entry) bool { return e.end.Before(now) })
	if len(m.records) < memoryRecords {
		return
	}
	var first string
	var end time.Time
	for key, e := range m.records {
		if end.IsZero() || e.end.Before(end) {
			first, end = key, e.end
		}
	}
	delete(m.records, first)
}

// Save implements [Store].
func (m *Memory) Save(ctx context.Context, key, lease string, r Record) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("save record %s: %w", key, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if lease == "" || m.records[key].Lease != lease {
		return ErrLost
	}
	saved := Record{
		Sealed: bytes.Clone(r.Sealed), Minted: instant(r.Minted), Expires: instant(r.Expires),
	}
	m.records[key] = entry{Record: saved, end: r.Expires}
	return nil
}

// Release implements [Store].
func (m *Memory) Release(ctx context.Context, key, lease string) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("release lease of %s: %w", key, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if e, ok := m.records[key]; ok && e.Lease == lease {
		e.Lease, e.Leased = "", time.Time{}
		m.records[key] = e
	}
	return nil
}

// Spend implements [Store].
func (m *Memory) Spend(ctx context.Context, s Spend) (left int, err error) {
	if err := ctx.Err(); err != nil {
		return 0, fmt.Errorf("spend from the budget: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	start := s.Now.UTC().Truncate(time.Minute)
	next := start.Add(time.Minute)
	spent := m.minutes[start]
	var until time.Time
	if spent.total >= s.Limit || s.ProfileLimit > 0 && spent.profiles[s.Profile] >= s.ProfileLimit {
		until = next
	}
	if m.closed.After(instant(s.Now)) && m.closed.After(until) {
		until = m.closed
	}
	if !until.IsZero() {
		return 0, &SpentError{Until: until}
	}
	if spent.profiles == nil {
		m.forgetMinutes(start)
		spent.profiles = map[string]int{}
	}
	spent.total++
	spent.profiles[s.Profile]++
	m.minutes[start] = spent
	return s.Limit - spent.total, nil
}

// forgetMinutes drops the ledgers that no instance spends from any more, whatever its clock says.
func (m *Memory) forgetMinutes(now time.Time) {
	isOld := func(start time.Time, _ minute) bool { return now.Sub(start) > 5*time.Minute }
	maps.DeleteFunc(m.minutes, isOld)
}

// CloseBudget implements [Store]. A time further ahead than two minutes is taken for two minutes.
func (m *Memory) CloseBudget(ctx context.Context, now, until time.Time) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("close the budget: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if latest := now.Add(2 * time.Minute); until.After(latest) {
		until = latest
	}
	if until = instant(until); until.After(m.closed) {
		m.closed = until
	}
	return nil
}

// instant is a time with the precision of a record, in UTC; zero stays zero.
func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
