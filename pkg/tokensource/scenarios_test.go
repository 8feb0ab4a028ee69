package tokensource_test

import (
	"encoding/json"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// scenario is a row of the table that both clients pass. clients/README.md explains its members.
type scenario struct {
	Name    string `json:"name"`
	Fault   string `json:"fault"`
	Options struct {
		URL     *string `json:"url"`
		Timeout seconds `json:"timeout"`
		Wait    seconds `json:"wait"`
	} `json:"options"`
	Authorization []json.RawMessage `json:"authorization"`
	Mint          []answer          `json:"mint"`
	Sources       int               `json:"sources"`
	Steps         []step            `json:"steps"`
	Only          string            `json:"only"`
}

// seconds is a time in the table.
type seconds float64

func (s seconds) duration() time.Duration {
	return time.Duration(float64(s) * float64(time.Second))
}

// step is one step of a scenario. Each has one member, or a member with its details.
type step struct {
	Create     *outcome        `json:"create"`
	Call       string          `json:"call"`
	Times      int             `json:"times"`
	Cancel     string          `json:"cancel"`
	Watch      bool            `json:"watch"`
	Listener   string          `json:"listener"`
	Pass       seconds         `json:"pass"`
	Sleep      seconds         `json:"sleep"`
	Clock      seconds         `json:"clock"`
	Wake       bool            `json:"wake"`
	Close      bool            `json:"close"`
	Invalidate json.RawMessage `json:"invalidate"`
	Mint       []answer        `json:"mint"`
	Repeat     int             `json:"repeat"`
	Steps      []step          `json:"steps"`
	Want       string          `json:"want"`
	outcome
	Pending   bool            `json:"pending"`
	Requests  json.RawMessage `json:"requests"`
	Gap       []seconds       `json:"gap"`
	Refreshes []bool          `json:"refreshes"`
	Sent      []string        `json:"sent"`
	Only      string          `json:"only"`
}

// outcome is what a call gets.
type outcome struct {
	Token  string `json:"token"`
	Code   string `json:"code"`
	Status int    `json:"status"`
	Cause  string `json:"cause"`
}

const table = "../../clients/scenarios.json"

func scenarios(t *testing.T) []scenario {
	t.Helper()
	text, err := os.ReadFile(table)
	if err != nil {
		t.Fatal(err)
	}
	var all []scenario
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func isFor(only string) bool { return only == "" || only == "go" }

// TestScenarios plays the table in virtual time.
func TestScenarios(t *testing.T) {
	t.Parallel()
	played := 0
	for _, s := range scenarios(t) {
		if !isFor(s.Only) {
			continue
		}
		played++
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { play(t, s) })
		})
	}
	if played < 60 {
		t.Errorf("only %d scenarios were played", played)
	}
}

func play(t *testing.T, s scenario) {
	t.Helper()
	l := newLab(t, s)
	defer l.end()
	if create := s.Steps[0].Create; create != nil {
		l.wantNoSource(s, create.Code)
		return
	}
	l.open(s)
	l.play(s.Steps)
}

func (l *lab) play(steps []step) {
	l.t.Helper()
	for i, step := range steps {
		if !isFor(step.Only) {
			continue
		}
		for range step.Repeat {
			l.play(step.Steps)
		}
		l.act(step)
		synctest.Wait()
		l.check(i, step)
	}
}

// act does what a step says.
func (l *lab) act(s step) {
	for _, source := range l.sources {
		for range max(s.Times, 1) {
			if s.Call != "" {
				l.call(s.Call, source)
			}
		}
		if s.Watch || s.Listener != "" {
			l.watch(source)
		}
		if s.Invalidate != nil {
			var token string
			if err := json.Unmarshal(s.Invalidate, &token); err != nil {
				l.t.Fatal(err)
			}
			source.Invalidate(tokens.NewToken(token))
		}
	}
	if s.Cancel != "" {
		l.groups[s.Cancel].cancel()
	}
	if s.Mint != nil {
		l.mu.Lock()
		l.answers = s.Mint
		l.mu.Unlock()
	}
	if s.Listener == "gets" {
		l.getsOnError.Store(true)
	}
	l.move(s)
}

// move lets time pass, or moves the wall clock. A machine that sleeps has timers that stand still.
func (l *lab) move(s step) {
	l.shift.Add(int64(s.Sleep.duration() + s.Clock.duration()))
	l.slept.Add(int64(s.Sleep.duration()))
	time.Sleep(s.Pass.duration())
}
