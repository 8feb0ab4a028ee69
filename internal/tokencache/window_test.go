package tokencache_test

import (
	"errors"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tokenmint/tokenmint/internal/tokencache"
)

func TestRemainingLifeIsWithinTheContract(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	synctest.Test(t, func(t *testing.T) {
		t.Logf("seed %d", seed)
		random := rand.New(rand.NewPCG(seed, 0))
		f := newFleet(t)
		f.takes = 0
		c := f.instance(0)
		for range 3000 {
			time.Sleep(time.Duration(random.Int64N(int64(2 * time.Minute))))
			o := spec
			o.Lifetime = time.Hour - time.Second // what the longest life comes to
			o.Reuse = []time.Duration{30 * time.Minute, time.Minute, time.Second}[random.IntN(3)]
			o.Profile = o.Reuse.String()
			asked := time.Duration(0)
			if random.IntN(2) == 0 {
				asked = time.Duration(random.Int64N(int64(o.Lifetime-10*time.Second))) +
					10*time.Second
				o.Expires = time.Now().Add(asked)
			}
			got, err := c.Get(t.Context(), parent, o, f.mint)
			if _, spent := errors.AsType[*tokencache.SpentError](err); spent {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			left := time.Until(got.Token.Expires)
			low, high := o.Lifetime-o.Reuse, o.Lifetime
			if asked > 0 {
				low, high = max(asked-min(o.Reuse, asked/10), 10*time.Second),
					max(asked, 11*time.Second)
			}
			if left < low || left > high || left < 10*time.Second {
				t.Fatalf("reuse %s, asked %s: %s left, want between %s and %s", o.Reuse, asked,
					left, low, high)
			}
		}
	})
}

// A shared token is not handed out in its last ten seconds.
func TestNoTokenIsHandedOutInItsLastSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		f.takes = 0
		c := f.instance(0)
		for _, o := range []tokencache.Spec{
			{Digest: "a", Profile: "a", Lifetime: 10 * time.Second},
			{Digest: "b", Profile: "b", Lifetime: 30 * time.Second, Reuse: 20 * time.Second},
			{Digest: "c", Profile: "c", Lifetime: time.Hour, Reuse: 30 * time.Minute,
				Expires: time.Now().Add(2 * time.Minute)},
		} {
			start := time.Now()
			for ; time.Since(start) < 35*time.Second; time.Sleep(700 * time.Millisecond) {
				if left := time.Until(f.get(c, o).Token.Expires); left < 10*time.Second {
					t.Fatalf("%s: a token with %s to live, %s after the start", o.Profile, left,
						time.Since(start))
				}
			}
		}
	})
}
