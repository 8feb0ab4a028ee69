package mint_test

import (
	"encoding/json"
	"testing"

	"github.com/tokenmint/tokenmint/internal/mint"
)

// What a Lambda authorizer says keeps its digits, and each value one meaning.
func TestContextOfALambdaAuthorizer(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		rule, context string
		want          bool
	}{
		{`tenant: 9007199254740993`, `{"tenant":9007199254740993}`, true},
		{`tenant: 9007199254740992`, `{"tenant":9007199254740993}`, false},
		{`tenant: 123456789012345678901234567890`, `{"tenant":123456789012345678901234567890}`,
			true},
		{`tenant: 7`, `{"tenant":"7"}`, true},
		{`tenant: 7`, `{"tenant":7.0}`, false},
		{`tenant: 7000`, `{"tenant":7e3}`, false},
		{`tenant: 0.1`, `{"tenant":0.1}`, true},
		{`admin: true`, `{"admin":true}`, true},
		{`admin: true`, `{"admin":"True"}`, false},
		{`tier: gold`, `{"tier":["silver","gold"]}`, true},
		{`tier: gold`, `{"tier":["gold silver"]}`, false},
		{`tier: gold`, `{"tier":"[gold]"}`, false},
		{`tier: gold`, `{"tier":[["gold"]]}`, false},
		{`tier: gold`, `{"tier":{"gold":true}}`, false},
		{`tier: gold`, `{"TIER":"gold"}`, false},
		{`tier: gold`, `{"tier":"gold","tier":"gold"}`, false},
		{`tier: gold*`, `{"tier":"gold\u0000"}`, false},
		{`plan.tier: gold`, `{"plan":{"tier":"gold"}}`, true},
		{`plan.tier: gold`, `{"plan.tier":"gold"}`, true},
		{`plan.tier: gold`, `{"plan.tier":"gold","plan":{"tier":"gold"}}`, false},
		{`scope: "a b"`, `{"scope":"a b"}`, true},
		{`tier: gold`, `null`, false},
		{`tier: gold`, `{}`, false},
	} {
		t.Run(tc.rule+" of "+tc.context, func(t *testing.T) {
			event := change(t, post("/custom/tokens", "", "{}"), "requestContext.authorizer",
				`{"lambda":`+tc.context+`}`)
			if got := lets(t, "lambda: {"+tc.rule+"}", event,
				mint.Who{Lambda: json.RawMessage(tc.context)}); got != tc.want {
				t.Errorf("%s, %s: %t", tc.rule, tc.context, got)
			}
		})
	}
}
