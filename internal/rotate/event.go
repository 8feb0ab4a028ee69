package rotate

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aws/aws-lambda-go/events"
)

// event is what the function may be invoked with, in one of three forms:
//
//   - the schedule's and an operator's, which has an "action", see below. The template's schedule sends its planned time as id,
//     so that a delivery that comes twice is one rotation;
//   - an EventBridge event, which has a "source": it means {"action":"rotate"};
//   - a step of Secrets Manager's own rotation, which has a "Step".
//
// The actions: "rotate" does what is due; with "force" a rotation is due in any case. "plan" says what would be done now, and does
// nothing. "retire" with "now" deletes all replaced tokens without waiting for their grace: the answer to a leak, after a
// forced rotation. "name" narrows any of them to one managed token.
type event struct {
	Action string `json:"action"`
	ID     string `json:"id"`
	Name   string `json:"name"`
	Force  bool   `json:"force"`
	Now    bool   `json:"now"`
	Source string `json:"source"`

	events.SecretsManagerSecretRotationEvent
}

func decodeEvent(raw json.RawMessage) (event, error) {
	var e event
	if err := json.Unmarshal(raw, &e); err != nil {
		return event{}, fmt.Errorf("event is not a JSON object of a known form: %w", err)
	}
	if e.Step != "" {
		return e, checkStep(e)
	}
	if e.Action == "" && e.Source != "" {
		e.Action = "rotate"
	}
	switch e.Action {
	case "rotate", "plan":
	case "retire":
		if e.Name == "" || !e.Now {
			return event{}, errors.New(`retire needs a name and "now":true: what is over its grace is retired anyway`)
		}
	case "":
		return event{}, errors.New(`event has neither an action nor a Step: send {"action":"rotate"}`)
	default:
		return event{}, fmt.Errorf("unknown action %q: known are rotate, plan and retire", e.Action)
	}
	return e, nil
}

func checkStep(e event) error {
	switch e.Step {
	case "createSecret", "setSecret", "testSecret", "finishSecret":
	default:
		return fmt.Errorf("unknown rotation step %q", e.Step)
	}
	if e.SecretID == "" || e.ClientRequestToken == "" {
		return errors.New("rotation step without SecretId or ClientRequestToken")
	}
	return nil
}
