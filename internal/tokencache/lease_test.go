package tokencache_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tokenmint/tokenmint/internal/tokencache"
)

// contested is a table that answers late to who wants a lease. Another instance takes the next
// lease first.
type contested struct {
	tokencache.Store
	lost bool // the next lease
}

func (c *contested) Lease(
	ctx context.Context, key string, seen tokencache.Record, lease string, now, keep time.Time,
) error {
	time.Sleep(500 * time.Millisecond)
	if c.lost {
		c.lost = false
		return tokencache.ErrLost
	}
	return c.Store.Lease(ctx, key, seen, lease, now, keep)
}

// TestReuseWindowEndsWhileTheLeaseIsAsked covers a token whose reuse window ends during the call
// that takes the lease. The request must not get that token: it has less life than the spec says.
func TestReuseWindowEndsWhileTheLeaseIsAsked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		short := spec
		short.Lifetime, short.Reuse = 30*time.Second, 20*time.Second
		table := &contested{Store: f.table}
		c, err := tokencache.New(tokencache.Config{
			Store: table, Budget: 80, Now: time.Now, Logger: slog.New(slog.DiscardHandler),
			Random: func() float64 { return 0.9 }, // so the token is renewed early
		})
		if err != nil {
			t.Fatal(err)
		}
		first := f.get(c, short)
		endUse := first.Token.Expires.Add(short.Reuse - short.Lifetime)
		time.Sleep(time.Until(endUse) - 100*time.Millisecond)
		table.lost = true
		got := f.get(c, short)
		if left := time.Until(got.Token.Expires); left < short.Lifetime-short.Reuse {
			t.Errorf("the token has %s to live", left)
		}
	})
}

// overtaken is a table in which another instance has always taken the lease over before a save.
type overtaken struct{ tokencache.Store }

func (overtaken) Save(context.Context, string, string, tokencache.Record) error {
	return tokencache.ErrLost
}

// TestLogTellsALostLeaseFromAFailedTable: the table has answered, so the log must not say that it
// does not. The caller gets the token.
func TestLogTellsALostLeaseFromAFailedTable(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		table func(tokencache.Store) tokencache.Store
		want  string
	}{
		"lost": {
			func(s tokencache.Store) tokencache.Store { return overtaken{s} },
			"a minted token is not shared",
		},
		"failed": {
			func(s tokencache.Store) tokencache.Store { return broken{s, 0} },
			"the token table does not answer: go on alone",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFleet(t)
			f.takes = 0
			var log strings.Builder
			c, err := tokencache.New(tokencache.Config{
				Store: test.table(f.table), Budget: 80, Now: time.Now,
				Logger: slog.New(slog.NewTextHandler(&log, nil)),
			})
			if err != nil {
				t.Fatal(err)
			}
			f.get(c, spec)
			if n := strings.Count(log.String(), "\n"); n != 1 ||
				!strings.Contains(log.String(), test.want) {
				t.Errorf("%d lines, want one with %q: %s", n, test.want, &log)
			}
		})
	}
}
