package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tokenmint/tokenmint/internal/tokencache/dynamo"
)

// checkTable reads the ledger of this minute, which shows both that the table is there and what is left to mint.
func (e examination) checkTable(ctx context.Context) {
	if e.settings.TokenTable == "" {
		e.note("table: TOKEN_TABLE is not set, so neither it nor the budget is checked")
		return
	}
	now := e.now()
	ledger, err := dynamo.Open(e.settings.AWS.DynamoDB(), e.settings.TokenTable).Ledger(ctx, now)
	if err != nil {
		e.wrong("table: %v; deploy the stack, or allow these credentials dynamodb:GetItem on it; instances share no tokens without it", err)
		return
	}
	e.ok("table: %s is readable", e.settings.TokenTable)
	limit := e.config.Parent.MintsPerMinute
	const others = "callers whose token is shared feel nothing, others get 429"
	switch {
	case ledger.Closed.After(now):
		e.note("budget: closed until %s, since Mapbox refused for its limit: somebody else uses up the account; %s", moment(ledger.Closed), others)
	case ledger.Spent >= limit:
		e.note("budget: all %d mints of this minute are spent%s; %s until the next. Often? See docs/operations.md#budgetspent", limit, by(ledger), others)
	default:
		e.ok("budget: %d mints of %d are left in this minute%s", limit-ledger.Spent, limit, by(ledger))
	}
	for _, p := range e.config.Profiles {
		if spent := ledger.Profiles[p.Name]; p.MintsPerMinute > 0 && spent >= p.MintsPerMinute {
			e.note("budget: profile %s has spent its own %d of this minute; %s until the next", p.Name, p.MintsPerMinute, others)
		}
	}
}

// by says which profiles have spent, the greatest first.
func by(ledger dynamo.Ledger) string {
	var all []string
	for name := range ledger.Profiles {
		all = append(all, name)
	}
	slices.SortFunc(all, func(a, b string) int {
		if ledger.Profiles[a] != ledger.Profiles[b] {
			return ledger.Profiles[b] - ledger.Profiles[a]
		}
		return strings.Compare(a, b)
	})
	for i, name := range all {
		all[i] = fmt.Sprintf("%s %d", name, ledger.Profiles[name])
	}
	if len(all) == 0 {
		return ""
	}
	return " (minted: " + strings.Join(all, ", ") + ")"
}
