package rotate

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aws/aws-lambda-go/events"
)

// event is what the function may be invoked with, in one of three forms:
//
//   - the schedule's and an operator's: {"action":"rotate","id":…,"name":…,"force":…}. The template's schedule sends its planned
//     time as id, so that a delivery that comes twice is one rotation;
//   - an EventBridge event, which has a "source": it means {"action":"rotate"};
//   - a step of Secrets Manager's own rotation, which has a "Step".
type event struct {
	Action string `json:"action"`
	ID     string `json:"id"`
	Name   string `json:"name"`
	Force  bool   `json:"force"`
	Source string `json:"source"`

	events.SecretsManagerSecretRotationEvent
}

func decodeEvent(raw json.RawMessage) (event, error) {
	var e event
	if err := json.Unmarshal(raw, &e); err != nil {
		return event{}, fmt.Errorf("event is not a JSON object of a known form: %w", err)
	}
	switch {
	case e.Step != "":
		return e, checkStep(e)
	case e.Action == "" && e.Source != "":
		e.Action = "rotate"
	case e.Action == "":
		return event{}, errors.New(`event has neither an action nor a Step: send {"action":"rotate"}`)
	}
	if e.Action != "rotate" {
		return event{}, fmt.Errorf("unknown action %q: known is rotate", e.Action)
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
