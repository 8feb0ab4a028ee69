package dynamo_test

import (
	"errors"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/tokencache"
)

const (
	minted = `"v":{"N":"1"},"sealed":{"B":"U0VOVElORUw="},"minted":{"N":"1767366245678"},` +
		`"expires":{"N":"1767369845678"}`
	leased = `"lease":{"S":"a"},"leased":{"N":"1767366245678"}`
)

// garbage are records that this version of the package has not written.
var garbage = map[string]string{
	"no format": `"sealed":{"B":"U0VOVElORUw="},"minted":{"N":"1767366245678"},` +
		`"expires":{"N":"1767369845678"}`,
	"older format": `"v":{"N":"0"},"lease":{"S":"a"},"leased":{"N":"1767366245678"}`,
	"newer format": `"v":{"N":"2"},"lease":{"S":"a"},` +
		`"minted":{"S":"2026-01-02T15:04:05Z"}`,
	"format as text": `"v":{"S":"1"},` + leased,
	"sealed as text": `"v":{"N":"1"},"sealed":{"S":"SENTINEL"},` +
		`"minted":{"N":"1767366245678"},"expires":{"N":"1767369845678"}`,
	"empty sealed": `"v":{"N":"1"},"sealed":{"B":""},"minted":{"N":"1767366245678"},` +
		`"expires":{"N":"1767369845678"}`,
	"nothing sealed": `"v":{"N":"1"},"minted":{"N":"1767366245678"},` +
		`"expires":{"N":"1767369845678"}`,
	"no mint time": `"v":{"N":"1"},"sealed":{"B":"U0VOVElORUw="},` +
		`"expires":{"N":"1767369845678"}`,
	"no end": `"v":{"N":"1"},"sealed":{"B":"U0VOVElORUw="},` +
		`"minted":{"N":"1767366245678"}`,
	"time as text": `"v":{"N":"1"},"sealed":{"B":"U0VOVElORUw="},"minted":{"S":"now"},` +
		`"expires":{"N":"1767369845678"}`,
	"time as list": `"v":{"N":"1"},"sealed":{"B":"U0VOVElORUw="},` +
		`"minted":{"L":[{"N":"1"}]},"expires":{"N":"1767369845678"}`,
	"time of null": `"v":{"N":"1"},"sealed":{"B":"U0VOVElORUw="},` +
		`"minted":{"NULL":true},"expires":{"N":"1767369845678"}`,
	"time of no known type": `"v":{"N":"1"},"sealed":{"B":"U0VOVElORUw="},"minted":{"Q":"1"},` +
		`"expires":{"N":"1767369845678"}`,
	"time 0": `"v":{"N":"1"},"sealed":{"B":"U0VOVElORUw="},"minted":{"N":"0"},` +
		`"expires":{"N":"1767369845678"}`,
	"time below 0": `"v":{"N":"1"},"sealed":{"B":"U0VOVElORUw="},"minted":{"N":"-1"},` +
		`"expires":{"N":"1767369845678"}`,
	"time after 9999": `"v":{"N":"1"},"sealed":{"B":"U0VOVElORUw="},` +
		`"minted":{"N":"1767366245678"},"expires":{"N":"253402300800000"}`,
	"time beyond 64 bits": `"v":{"N":"1"},"sealed":{"B":"U0VOVElORUw="},` +
		`"minted":{"N":"1767366245678"},"expires":{"N":"1E+125"}`,
	"fraction of a time": `"v":{"N":"1"},"sealed":{"B":"U0VOVElORUw="},` +
		`"minted":{"N":"1767366245678.5"},"expires":{"N":"1767369845678"}`,
	"no number": `"v":{"N":"1"},"sealed":{"B":"U0VOVElORUw="},"minted":{"N":"NaN"},` +
		`"expires":{"N":"1767369845678"}`,
	"empty lease":          `"v":{"N":"1"},"lease":{"S":""},"leased":{"N":"1767366245678"}`,
	"lease as bytes":       `"v":{"N":"1"},"lease":{"B":"YQ=="},"leased":{"N":"1767366245678"}`,
	"lease without a time": minted + `,"lease":{"S":"a"}`,
	"time without a lease": minted + `,"leased":{"N":"1767366245678"}`,
}

// TestGarbage: a record that cannot be read is none, and the next lease takes its place, if nobody
// else's does in between.
func TestGarbage(t *testing.T) {
	t.Parallel()
	for title, there := range garbage {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			store, _ := open(t, reply(200, "{\"Item\":{"+there+"}}"))
			seen, err := store.Load(t.Context(), key)
			if err != nil || !reflect.DeepEqual(seen, tokencache.Record{}) {
				t.Fatalf("load: record of %v, lease %q, %v, want none", seen.Minted, seen.Lease,
					err)
			}

			store, service := open(t, conditionFailed("{"+there+"}"), reply(200, "{}"))
			if err := store.Lease(t.Context(), key, seen, "b", now, keep); err != nil {
				t.Errorf("lease: %v", err)
			}
			if got := len(service.asked()); got != 2 {
				t.Errorf("%d requests, want 2", got)
			}

			store, _ = open(t, conditionFailed("{"+there+"}"),
				conditionFailed(`{"v":{"N":"1"},`+leased+`}`))
			if err := store.Lease(t.Context(), key, seen, "b", now, keep); !errors.Is(err,
				tokencache.ErrLost) {
				t.Errorf("lease that came second: %v, want %v", err, tokencache.ErrLost)
			}

			store, _ = open(t, conditionFailed("{"+there+"}"), fault(500, "InternalServerError"))
			unknown(t, store.Lease(t.Context(), key, seen, "b", now, keep))
		})
	}
}

// TestSound: what the cases above have wrong is wrong by itself.
func TestSound(t *testing.T) {
	t.Parallel()
	store, _ := open(
		t, reply(200, `{"Item":{`+minted+`,`+leased+`,"ttl":{"S":"?"},"more":{"M":{}}}}`))
	want := one
	want.Lease, want.Leased = "a", now
	if r, err := store.Load(t.Context(), key); err != nil || !reflect.DeepEqual(r, want) {
		t.Errorf("record of %v to %v, lease %q of %v, %v", r.Minted, r.Expires, r.Lease, r.Leased,
			err)
	}
}

// TestLeaseOverGarbage: the second write replaces exactly what was there, types and all, and leaves
// nothing of a token.
func TestLeaseOverGarbage(t *testing.T) {
	t.Parallel()
	store, service := open(t,
		conditionFailed(`{"v":{"N":"2"},"minted":{"L":[{"S":"x"}]},"sealed":{"S":"y"}}`), reply(200,
			"{}"))
	if err := store.Lease(t.Context(), key, tokencache.Record{}, "b", now, keep); err != nil {
		t.Fatal(err)
	}
	first, second := service.asked()[0], service.asked()[1]
	want := "attribute_not_exists(minted) AND attribute_not_exists(lease)"
	if first.ConditionExpression != want {
		t.Errorf("first condition is %q, want %q", first.ConditionExpression, want)
	}
	want = "minted = :seen_minted AND attribute_not_exists(lease)"
	if second.ConditionExpression != want {
		t.Errorf("second condition is %q, want %q", second.ConditionExpression, want)
	}
	want = "SET v = :v, lease = :lease, leased = :now, #ttl = :ttl REMOVE sealed, minted, expires"
	if second.UpdateExpression != want {
		t.Errorf("update is %q, want %q", second.UpdateExpression, want)
	}
	values := map[string]map[string]any{
		":v": {"N": "1"}, ":lease": {"S": "b"}, ":now": {"N": "1767366245678"},
		":ttl":         {"N": "1767369846"},
		":seen_minted": {"L": []any{map[string]any{"S": "x"}}},
	}
	if !reflect.DeepEqual(second.ExpressionAttributeValues, values) {
		t.Errorf("values are %v, want %v", second.ExpressionAttributeValues, values)
	}
}

// TestGarbageInLedger: an instance that cannot read the ledger must not take that for a spent
// budget.
func TestGarbageInLedger(t *testing.T) {
	t.Parallel()
	spend := tokencache.Spend{Now: now, Limit: 80, Profile: "web-map", ProfileLimit: 40}
	for title, there := range map[string]string{
		"total as text":        `"total":{"S":"80"}`,
		"total below 0":        `"total":{"N":"-1"},"closed":{"N":"1767366260000"}`,
		"fraction":             `"total":{"N":"80.5"}`,
		"beyond 64 bits":       `"total":{"N":"1E+100"}`,
		"profile as list":      `"total":{"N":"80"},"p#web-map":{"L":[]}`,
		"closed as text":       `"closed":{"S":"2026-01-02T15:05:00Z"}`,
		"closed for a year":    `"closed":{"N":"1798902245678"}`,
		"closed a ms too long": `"closed":{"N":"1767366420001"}`,
		"closed after 9999":    `"closed":{"N":"253402300800000"}`,
		"nothing":              ``,
		"nothing spent": `"total":{"N":"79"},"p#web-map":{"N":"39"},` +
			`"closed":{"N":"1767366245678"}`,
		"another profile's part": `"total":{"N":"79"},"p#uploads":{"N":"40"}`,
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			store, _ := open(t, conditionFailed("{"+there+"}"))
			_, err := store.Spend(t.Context(), spend)
			unknown(t, err)
		})
	}
	for title, total := range map[string]string{
		"none": `{}`, "text": `{"total":{"S":"1"}}`, "0": `{"total":{"N":"0"}}`,
		"below 0":             `{"total":{"N":"-5"}}`,
		"more than the limit": `{"total":{"N":"81"}}`,
	} {
		t.Run("new total: "+title, func(t *testing.T) {
			t.Parallel()
			store, _ := open(t, reply(200, `{"Attributes":`+total+`}`))
			left, err := store.Spend(t.Context(), spend)
			unknown(t, err)
			if left != 0 {
				t.Errorf("%d left", left)
			}
		})
	}
	for title, closed := range map[string]string{"text": `{"S":"soon"}`,
		"a year": `{"N":"1798902245678"}`} {
		t.Run("close over closed: "+title, func(t *testing.T) {
			t.Parallel()
			store, _ := open(t, conditionFailed(`{"closed":`+closed+`}`))
			unknown(t, store.CloseBudget(t.Context(), now, now.Add(time.Second)))
		})
	}
}

// TestSpent: what the ledger says tells until when.
func TestSpent(t *testing.T) {
	t.Parallel()
	next := time.Date(2026, 1, 2, 15, 5, 0, 0, time.UTC)
	for there, want := range map[string]time.Time{
		`"total":{"N":"80"}`: next,
		`"total":{"N":"95"},"closed":{"N":"1767366200000"}`:         next,
		`"total":{"N":"41"},"p#web-map":{"N":"40"}`:                 next,
		`"total":{"N":"5"},"closed":{"N":"1767366245679"}`:          now.Add(time.Millisecond),
		`"total":{"N":"80"},"closed":{"N":"1767366245679"}`:         next,
		`"total":{"N":"80"},"closed":{"N":"1767366420000"}`:         next.Add(2 * time.Minute),
		`"total":{"N":"9223372036854775807"},"p#web-map":{"N":"9"}`: next,
		`"closed":{"N":"1767366300001"},"ttl":{"S":"?"},"p#uploads":{"S":"?"}`: next.Add(
			time.Millisecond),
	} {
		store, _ := open(t, conditionFailed("{"+there+"}"))
		_, err := store.Spend(t.Context(),
			tokencache.Spend{Now: now, Limit: 80, Profile: "web-map", ProfileLimit: 40})
		if spent, ok := errors.AsType[*tokencache.SpentError](err); !ok ||
			!spent.Until.Equal(want) {
			t.Errorf("%s: %v, want a budget that is spent until %v", there, err, want)
		}
	}
}

// TestCloseTouchesMinutes: no more ledgers are written than the closed time has minutes.
func TestCloseTouchesMinutes(t *testing.T) {
	t.Parallel()
	minute := now.Truncate(time.Minute)
	for title, c := range map[string]struct {
		now, until time.Time
		writes     int
	}{
		"past":             {now, minute, 0},
		"within a minute":  {now, now.Add(time.Second), 1},
		"to its end":       {now, minute.Add(time.Minute), 1},
		"just beyond":      {now, minute.Add(time.Minute + time.Millisecond), 2},
		"two minutes":      {now, now.Add(2 * time.Minute), 3},
		"two whole ones":   {minute, minute.Add(2 * time.Minute), 2},
		"a day, cut short": {now, now.Add(24 * time.Hour), 3},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			store, service := open(t, reply(200, "{}"))
			if err := store.CloseBudget(t.Context(), c.now, c.until); err != nil {
				t.Fatal(err)
			}
			until := map[string]bool{}
			for _, in := range service.asked() {
				until[in.ExpressionAttributeValues[":until"]["N"].(string)] = true
			}
			if got := len(service.asked()); got != c.writes || len(until) > 1 {
				t.Errorf("%d writes of %v, want %d of one time", got,
					slices.Sorted(maps.Keys(until)), c.writes)
			}
		})
	}
}

// TestCloseInPart: one ledger that could not be written is an error, and does not keep the others
// open.
func TestCloseInPart(t *testing.T) {
	t.Parallel()
	store, service := open(t, fault(400, "AccessDeniedException"), reply(200, "{}"))
	unknown(t, store.CloseBudget(t.Context(), now, now.Add(2*time.Minute)))
	if got := len(service.asked()); got != 3 {
		t.Errorf("%d writes, want 3", got)
	}
}
