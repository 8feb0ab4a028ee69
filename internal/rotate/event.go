package rotate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// event is what the function may be invoked with, in one of three forms:
//
//   - an event of the schedule or of an operator, which has an "action". The template's schedule
//     sends its planned time as id, so an event that is delivered twice is one rotation;
//   - an event of EventBridge, which has a "source" and a "detail-type". It means
//     {"action":"rotate"};
//   - a step of Secrets Manager's own rotation, which has a "Step".
//
// An event with the members of two forms is refused. An operator's event may have the members of
// this type and no others. So a misspelt member is an error and never changes what a run does.
//
// These are the actions:
//
//   - "rotate" does what is due. With "force" a rotation is always due.
//   - "plan" says what "rotate" would do now, and does nothing.
//   - "retire" with "now" deletes all replaced tokens and ignores their grace periods. After a
//     leak, an operator forces a rotation and then retires.
//
// Each action takes a "name", which limits it to one managed token.
type event struct {
	Action string
	ID     string
	Name   string
	Force  bool
	Now    bool

	Step, SecretID, ClientRequestToken string // of Secrets Manager's own rotation
}

// These members tell the forms apart. Two forms have an "id".
var (
	actionMembers     = []string{"action", "force", "id", "name", "now"}
	actionMarks       = []string{"action", "force", "name", "now"}
	eventBridgeMarks  = []string{"source", "detail-type", "detail"}
	rotationStepMarks = []string{"Step", "SecretId", "ClientRequestToken"}
)

// decodeEvent reads an event of any form.
func decodeEvent(raw json.RawMessage) (event, error) {
	m, err := readMembers(raw)
	if err != nil {
		return event{}, notKnown(err.Error())
	}
	action, bridge, step := m.firstOf(actionMarks), m.firstOf(eventBridgeMarks),
		m.firstOf(rotationStepMarks)
	forms := slices.DeleteFunc([]string{action, bridge, step}, func(mark string) bool {
		return mark == ""
	})
	switch {
	case len(forms) > 1:
		return event{}, fmt.Errorf("event is ambiguous: it has both %q and %q; %s", forms[0],
			forms[1], formsHelp)
	case step != "":
		return m.rotationStep()
	case bridge != "":
		return m.eventBridge()
	case m["action"] == nil:
		return event{}, errNoForm
	}
	return m.action()
}

// formsHelp names the forms in error messages.
const formsHelp = `send {"action":"rotate"}, an event of EventBridge, ` +
	"or a step of Secrets Manager's rotation"

var errNoForm = errors.New("event has neither an action nor a Step: " + formsHelp)

// notKnown is the error of an event that has no form at all.
func notKnown(format string, args ...any) error {
	return fmt.Errorf("event is not a JSON object of a known form: "+format, args...)
}

// members are the members of a JSON object, not decoded. Names match exactly.
type members map[string]json.RawMessage

// readMembers refuses a name that appears twice: decoders disagree about which value counts.
func readMembers(raw []byte) (members, error) {
	in := json.NewDecoder(bytes.NewReader(raw))
	if open, err := in.Token(); err != nil || open != json.Delim('{') {
		return nil, errors.New("it is not an object")
	}
	m := members{}
	for in.More() {
		name, err := in.Token()
		if err != nil {
			return nil, errors.New("not valid JSON")
		}
		key, _ := name.(string) // the decoder returns only strings as names
		var value json.RawMessage
		if err := in.Decode(&value); err != nil {
			return nil, errors.New("not valid JSON")
		}
		if _, twice := m[key]; twice {
			return nil, fmt.Errorf("%q appears twice", key)
		}
		m[key] = value
	}
	if _, err := in.Token(); err != nil {
		return nil, errors.New("not valid JSON")
	}
	if _, err := in.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON value")
	}
	return m, nil
}

// firstOf returns the first of the names that is present, or "".
func (m members) firstOf(names []string) string {
	for _, name := range names {
		if m[name] != nil {
			return name
		}
	}
	return ""
}

// text reads a string. It refuses an empty one: that comes from an unset variable, and an empty
// name would mean all tokens.
func (m members) text(name string, into *string) error {
	raw, ok := m[name]
	if !ok {
		return nil
	}
	if raw[0] != '"' || json.Unmarshal(raw, into) != nil || *into == "" {
		return notKnown("%q must be a string that is not empty", name)
	}
	return nil
}

// truth reads true or false.
func (m members) truth(name string, into *bool) error {
	raw, ok := m[name]
	if !ok {
		return nil
	}
	if string(raw) != "true" && string(raw) != "false" {
		return notKnown("%q must be true or false, without quotes", name)
	}
	*into = string(raw) == "true"
	return nil
}

// action reads an event with an action, which the schedule or an operator sends.
func (m members) action() (event, error) {
	var unknown []string
	for name := range m {
		if !slices.Contains(actionMembers, name) {
			unknown = append(unknown, fmt.Sprintf("%q", name))
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		return event{}, fmt.Errorf("event has the unknown field %s: known are %s, in lower case",
			strings.Join(unknown, ", "), strings.Join(actionMembers, ", "))
	}
	var e event
	if err := errors.Join(m.text("action", &e.Action), m.text("id", &e.ID), m.text("name", &e.Name),
		m.truth("force", &e.Force), m.truth("now", &e.Now)); err != nil {
		return event{}, err
	}
	return e, e.check()
}

// check checks the members of an operator's event against each other.
func (e event) check() error {
	switch {
	case e.Action != "rotate" && e.Action != "plan" && e.Action != "retire":
		return fmt.Errorf("unknown action %q: known are rotate, plan and retire", e.Action)
	case e.Force && e.Action != "rotate":
		return fmt.Errorf(`"force" goes with the action rotate only, not with %s`, e.Action)
	case e.Now && e.Action != "retire":
		return fmt.Errorf(`"now" goes with the action retire only, not with %s`, e.Action)
	case e.Action == "retire" && (e.Name == "" || !e.Now):
		return errors.New(`retire needs a name and "now":true: ` +
			"every rotate deletes tokens whose grace period is over")
	}
	return nil
}

// eventBridge reads an event of EventBridge, which always has a source and a detail-type.
// Source: https://docs.aws.amazon.com/eventbridge/latest/ref/events-structure.html
func (m members) eventBridge() (event, error) {
	e := event{Action: "rotate"}
	var source, kind string
	if err := errors.Join(m.text("source", &source), m.text("detail-type", &kind),
		m.text("id", &e.ID)); err != nil {
		return event{}, err
	}
	if source == "" || kind == "" {
		return event{}, fmt.Errorf(`event of EventBridge lacks "source" or "detail-type": %s`,
			formsHelp)
	}
	return e, nil
}

// rotationStep reads a step of Secrets Manager's rotation. It ignores unknown members: the service
// may add some.
// Source:
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets_lambda-functions-code.html
func (m members) rotationStep() (event, error) {
	var e event
	if step := string(m["Step"]); step == "" || step == `""` {
		return event{}, errNoForm // for example "step" in lower case, or an unset variable
	}
	if err := errors.Join(m.text("Step", &e.Step), m.text("SecretId", &e.SecretID),
		m.text("ClientRequestToken", &e.ClientRequestToken)); err != nil {
		return event{}, err
	}
	switch e.Step {
	case "createSecret", "setSecret", "testSecret", "finishSecret":
	default:
		return event{}, fmt.Errorf("unknown rotation step %q: known are createSecret, setSecret, "+
			"testSecret and finishSecret", e.Step)
	}
	if e.SecretID == "" || e.ClientRequestToken == "" {
		return event{}, errors.New("rotation step without SecretId or ClientRequestToken")
	}
	return e, nil
}
