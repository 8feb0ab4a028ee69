package rotate_test

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestEventsThatAreRefused: an event that is not understood does nothing at all. A member that is
// misspelt and ignored would make the run do something else.
func TestEventsThatAreRefused(t *testing.T) {
	t.Parallel()
	b := newTestRotator(t).rotated()
	const known = "known are action, force, id, name, now"
	for _, tc := range []struct{ event, want string }{
		{`[]`, "not a JSON object"},
		{`null`, "not a JSON object"},
		{``, "not a JSON object"},
		{`{"action":"rotate"`, "not valid JSON"},
		{`{"action":"rotate","id":"x"} {}`, "more than one JSON value"},
		{`{}`, "neither an action nor a Step"},
		{`{"Action":"rotate","id":"x"}`, "neither an action nor a Step"},
		{`{"force":true,"id":"x"}`, "neither an action nor a Step"},
		{`{"action":"destroy","id":"x"}`, `unknown action "destroy"`},
		{`{"action":"Rotate","id":"x"}`, `unknown action "Rotate"`},
		{`{"action":"rotate","id":"x","name":"other"}`, `no managed token is called "other"`},
		{`{"action":"rotate"}`, "no id"},

		{`{"action":"rotate","id":"x","name":"parent","froce":true}`, `"froce": ` + known},
		{`{"action":"rotate","id":"x","token":"page","force":true}`, `"token": ` + known},
		{`{"action":"rotate","id":"x","dryRun":true}`, `"dryRun": ` + known},
		{`{"action":"rotate","id":"x","Force":true}`, `"Force": ` + known},
		{`{"action":"rotate","id":"x","NAME":"parent"}`, `"NAME": ` + known},
		{`{"action":"rotate","id":"x","b":1,"a":1}`, `"a", "b": ` + known},

		{`{"action":"rotate","id":"x","force":"true"}`, `"force" must be true or false`},
		{`{"action":"rotate","id":"x","force":1}`, `"force" must be true or false`},
		{`{"action":"rotate","id":"x","force":null}`, `"force" must be true or false`},
		{`{"action":"rotate","id":"x","name":["parent"]}`, `"name" must be a string`},
		{`{"action":"rotate","id":"x","name":null,"force":true}`, `"name" must be a string`},
		{`{"action":"rotate","id":"x","name":"","force":true}`, `"name" must be a string`},
		{`{"action":["rotate"],"id":"x"}`, `"action" must be a string`},
		{`{"action":"rotate","id":7}`, `"id" must be a string`},

		{`{"action":"plan","action":"rotate","id":"x"}`, `"action" appears twice`},
		{`{"action":"rotate","id":"x","force":false,"force":true}`, `"force" appears twice`},
		{`{"action":"rotate","id":"x","name":"page","n\u0061me":"parent"}`, `"name" appears twice`},

		{`{"action":"plan","id":"x","force":true}`, `"force" goes with the action rotate`},
		{`{"action":"retire","id":"x","name":"parent","now":true,"force":true}`,
			`"force" goes with`},
		{`{"action":"rotate","id":"x","now":true}`, `"now" goes with the action retire`},
		{`{"action":"retire","id":"x","name":"parent"}`, "retire needs a name"},
		{`{"action":"retire","id":"x","now":true}`, "retire needs a name"},

		{`{"action":"rotate","id":"x","source":"aws.events"}`, "ambiguous"},
		{`{"source":"aws.events","detail-type":"Scheduled Event","id":"x","force":true}`,
			"ambiguous"},
		{`{"action":"rotate","id":"x","Step":"createSecret"}`, "ambiguous"},
		{`{"source":"s","detail-type":"t","Step":"createSecret","SecretId":"s",` +
			`"ClientRequestToken":"c"}`, "ambiguous"},

		{`{"source":"aws.events","id":"x"}`, `lacks "source" or "detail-type"`},
		{`{"source":"","detail-type":"t","id":"x"}`, `"source" must be a string`},
		{`{"source":1,"detail-type":"t","id":"x"}`, `"source" must be a string`},

		{`{"Step":"dropSecret","SecretId":"x","ClientRequestToken":"y"}`, "unknown rotation step"},
		{`{"Step":"CreateSecret","SecretId":"x","ClientRequestToken":"y"}`,
			"unknown rotation step"},
		{`{"step":"createSecret","SecretId":"x","ClientRequestToken":"y"}`,
			"neither an action nor a Step"},
		{`{"Step":"createSecret"}`, "without SecretId"},
		{`{"Step":"createSecret","secretId":"x","ClientRequestToken":"y"}`, "without SecretId"},
	} {
		t.Run(tc.event, func(t *testing.T) {
			report, err := b.handler.Handle(t.Context(), json.RawMessage(tc.event))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%s: error = %v, want %q", tc.event, err, tc.want)
			}
			if len(report.Tokens) > 0 {
				t.Errorf("%s: something was done: %+v", tc.event, report)
			}
		})
	}
}

// TestEventsThatAreTaken: what the services send beyond the members that are read is ignored.
func TestEventsThatAreTaken(t *testing.T) {
	t.Parallel()
	b := newTestRotator(t).rotated()
	for _, event := range []string{
		`{"action":"rotate","id":"x","name":"parent","force":false}`,
		`{"action":"plan","id":"x"}`,
		`{"version":"0","id":"y","detail-type":"Scheduled Event","source":"aws.events",` +
			`"account":"123456789012","time":"2026-01-02T15:00:00Z","region":"eu-central-1",` +
			`"resources":[],"detail":{"action":"x"},"replay-name":"r"}`,
	} {
		if _, err := b.handler.Handle(t.Context(), json.RawMessage(event)); err != nil {
			t.Errorf("%s: %v", event, err)
		}
	}
}
