package dynamo

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenmint/tokenmint/internal/tokencache"
)

const (
	longestClosed = 2 * time.Minute // the longest time for which the budget can be closed
	keepLedger    = time.Hour       // how long an operator can read a ledger after its minute
)

// Ledger shows how the budget of one minute was used. It is for operators. The mint itself uses
// Spend.
type Ledger struct {
	Spent    int            // the number of mints
	Profiles map[string]int // the number of mints by profile
	Closed   time.Time      // the end of the time in which the budget is closed; zero if it is open
}

// Ledger reads the ledger of the minute that contains now. A minute without mints has the zero
// Ledger.
func (s *Store) Ledger(ctx context.Context, now time.Time) (Ledger, error) {
	minute := now.UTC().Truncate(time.Minute)
	there, err := s.get(ctx, ledgerKey(minute), true)
	if err != nil {
		return Ledger{}, wrap(err, "read %s", ledgerKey(minute))
	}
	in := reader{item: there}
	ledger := Ledger{int(in.number("total", math.MaxInt32)), map[string]int{}, in.closed(minute)}
	for name := range there {
		if profile, ok := strings.CutPrefix(name, profileName("")); ok {
			ledger.Profiles[profile] = int(in.number(name, math.MaxInt32))
		}
	}
	if in.broken {
		return Ledger{}, errUnreadable(minute)
	}
	return ledger, nil
}

// Spend implements [tokencache.Store].
func (s *Store) Spend(ctx context.Context, spend tokencache.Spend) (left int, err error) {
	minute := spend.Now.UTC().Truncate(time.Minute)
	if spend.Limit <= 0 { // the condition below always allows the first mint
		return 0, &tokencache.SpentError{Until: minute.Add(time.Minute)}
	}
	in := s.update(ledgerKey(minute), "ADD #total :one, #profile :one SET #ttl = :ttl")
	in.ReturnValues = types.ReturnValueUpdatedNew
	in.ExpressionAttributeNames = map[string]string{"#total": "total",
		"#profile": profileName(spend.Profile), "#ttl": "ttl"}
	in.ExpressionAttributeValues = item{
		":one": number(1), ":limit": number(spend.Limit), ":now": instant(spend.Now),
		":ttl": ledgerTimeToLive(minute),
	}
	condition := "(attribute_not_exists(#total) OR #total < :limit) AND " +
		"(attribute_not_exists(closed) OR closed <= :now)"
	if spend.ProfileLimit > 0 {
		condition += " AND (attribute_not_exists(#profile) OR #profile < :profileLimit)"
		in.ExpressionAttributeValues[":profileLimit"] = number(spend.ProfileLimit)
	}
	in.ConditionExpression = &condition

	out, err := s.client.UpdateItem(ctx, in)
	if there, ok := refused(err); ok {
		return 0, whySpent(there, spend)
	}
	if err != nil {
		return 0, wrap(err, "spend from %s", ledgerKey(minute))
	}
	ledger := reader{item: out.Attributes}
	total := ledger.number("total", int64(spend.Limit))
	if total == 0 { // a sound total includes this mint
		return 0, errUnreadable(minute)
	}
	return spend.Limit - int(total), nil
}

// whySpent returns the reason for a refused spend, with its end.
func whySpent(there item, spend tokencache.Spend) error {
	minute := spend.Now.UTC().Truncate(time.Minute)
	ledger := reader{item: there}
	total := ledger.number("total", math.MaxInt64)
	profile := ledger.number(profileName(spend.Profile), math.MaxInt64)
	until := ledger.closed(minute)
	if total >= int64(spend.Limit) || spend.ProfileLimit > 0 &&
		profile >= int64(spend.ProfileLimit) {
		until = later(until, minute.Add(time.Minute))
	}
	if ledger.broken || !until.After(spend.Now) {
		return errUnreadable(minute)
	}
	return &tokencache.SpentError{Until: until}
}

// CloseBudget implements [tokencache.Store]. A time more than two minutes ahead counts as two
// minutes. CloseBudget writes the ledgers of all minutes in this time, at most three, in parallel.
// If a write fails, the other ledgers are closed.
func (s *Store) CloseBudget(ctx context.Context, now, until time.Time) error {
	if latest := now.Add(longestClosed); until.After(latest) {
		until = latest
	}
	var minutes []time.Time
	for m := now.Truncate(time.Minute); m.Before(until); m = m.Add(time.Minute) {
		minutes = append(minutes, m)
	}
	errs := make([]error, len(minutes))
	var writes sync.WaitGroup
	for i, minute := range minutes {
		writes.Go(func() { errs[i] = s.closeMinute(ctx, minute, until) })
	}
	writes.Wait()
	return errors.Join(errs...)
}

// closeMinute closes one ledger. A ledger that is closed for longer stays as it is.
func (s *Store) closeMinute(ctx context.Context, minute, until time.Time) error {
	in := s.update(ledgerKey(minute), "SET closed = :until, #ttl = :ttl")
	in.ConditionExpression = aws.String("attribute_not_exists(closed) OR closed < :until")
	in.ExpressionAttributeNames = map[string]string{"#ttl": "ttl"}
	in.ExpressionAttributeValues = item{":until": instant(until), ":ttl": ledgerTimeToLive(minute)}
	_, err := s.client.UpdateItem(ctx, in)
	if there, ok := refused(err); ok {
		ledger := reader{item: there}
		if ledger.closed(minute); ledger.broken {
			return errUnreadable(minute)
		}
		return nil
	}
	if err != nil {
		return wrap(err, "close %s", ledgerKey(minute))
	}
	return nil
}

func ledgerKey(minute time.Time) string { return "budget#" + minute.UTC().Format(time.RFC3339) }

func ledgerTimeToLive(minute time.Time) types.AttributeValue {
	return timeToLive(minute.Add(time.Minute + keepLedger))
}

// profileName returns the name of a profile's attribute. Its prefix separates it from other
// attributes.
func profileName(profile string) string { return "p#" + profile }

// closed returns the end of the time in which the minute's ledger is closed. A time that
// CloseBudget never writes makes the ledger broken.
func (r *reader) closed(minute time.Time) time.Time {
	until := r.instant("closed")
	if until.After(minute.Add(time.Minute + longestClosed)) {
		r.broken = true
	}
	return until
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func errUnreadable(minute time.Time) error {
	return fmt.Errorf("ledger %s cannot be read", ledgerKey(minute))
}
