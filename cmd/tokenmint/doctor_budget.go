package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tokenmint/tokenmint/internal/tokencache/dynamo"
)

// checkTable reads this minute's ledger from the token table. So it checks the table and the mint
// budget with one read.
func (e examination) checkTable(ctx context.Context) {
	if e.settings.TokenTable == "" {
		e.note("table: TOKEN_TABLE is not set, so table and budget are not checked")
		return
	}
	now := e.now()
	table := dynamo.Open(e.settings.AWS.DynamoDB(), e.settings.TokenTable)
	ledger, err := table.Ledger(ctx, now)
	if err != nil {
		e.wrong("table: %v; deploy the stack, or allow these credentials dynamodb:GetItem on it; "+
			"without the table, instances share no tokens", err)
		return
	}
	e.ok("table: %s is readable", e.settings.TokenTable)
	limit := e.config.Parent.MintsPerMinute
	const effect = "callers with a shared token are not affected, others get 429"
	switch {
	case ledger.Closed.After(now):
		e.note("budget: closed until %s, because Mapbox's rate limit was reached: "+
			"something else uses up the account's requests; %s", moment(ledger.Closed), effect)
	case ledger.Spent >= limit:
		e.note("budget: all %d mints of this minute are used up%s; %s until the next minute. "+
			"If this happens often, see docs/operations.md#budgetspent", limit, by(ledger), effect)
	default:
		e.ok("budget: %d mints of %d are left in this "+
			"minute%s", limit-ledger.Spent, limit, by(ledger))
	}
	for _, p := range e.config.Profiles {
		if spent := ledger.Profiles[p.Name]; p.MintsPerMinute > 0 && spent >= p.MintsPerMinute {
			e.note("budget: profile %s has used up its own %d mints of this minute; %s until "+
				"the next minute",
				p.Name, p.MintsPerMinute, effect)
		}
	}
}

// by lists the mints of each profile, the largest number first.
func by(ledger dynamo.Ledger) string {
	all := slices.SortedFunc(maps.Keys(ledger.Profiles), func(a, b string) int {
		return cmp.Or(ledger.Profiles[b]-ledger.Profiles[a], strings.Compare(a, b))
	})
	for i, name := range all {
		all[i] = fmt.Sprintf("%s %d", name, ledger.Profiles[name])
	}
	if len(all) == 0 {
		return ""
	}
	return " (minted: " + strings.Join(all, ", ") + ")"
}
