package rotate_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
)

// A step is tried in every state that Secrets Manager may have left, by its protocol:
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
func TestStepsByTheProtocol(t *testing.T) {
	t.Parallel()
	tryCells(t, newTestRotator, nil)
}

// stepOutcome is what one step must come to.
type stepOutcome struct {
	fails  string // part of the error; "" = success
	stores bool   // a token is created and stored in the version that was registered
	labels string // afterwards; "" = as before
}

// done is the success of a step that finds nothing to do, or that only looks.
var done = stepOutcome{}

func fails(text string) stepOutcome { return stepOutcome{fails: text} }

// cells are one state, and what each step comes to in it.
type cells struct {
	arrange                   func(*testRotator)
	create, set, test, finish stepOutcome
}

// alike is a state in which all steps come to the same.
func alike(arrange func(*testRotator), o stepOutcome) cells { return cells{arrange, o, o, o, o} }

var protocol = map[string]cells{
	// Every step begins with DescribeSecret.
	"rotation switched off": alike(func(b *testRotator) {
		b.rotated().begin(native)
		b.enable(false)
	}, fails("is switched off")),
	"rotation switched off after create": alike(func(b *testRotator) {
		b.created()
		b.enable(false)
	}, fails("is switched off")),
	"token not among the versions": alike(func(b *testRotator) {
		b.rotated().enable(true)
	}, fails("has no version")),
	"another rotation's version": alike(func(b *testRotator) {
		b.rotated().begin(other)
	}, fails("has no version")),
	"older rotation, given up": alike(func(b *testRotator) {
		b.created()
		b.move(secrets.Pending, native, "")
		b.begin(other)
	}, fails("has no version")),
	"token without AWSPENDING": alike(func(b *testRotator) {
		b.rotated().begin(native)
		b.move("kept", "", native)
		b.move(secrets.Pending, native, "")
	}, fails("is not pending")),
	"older rotation, replaced": alike(func(b *testRotator) {
		b.finished()
		b.mustRun(heartbeat)
		b.begin(other)
		b.put(b.bare(), other, secrets.Pending)
		b.move(secrets.Current, native, other)
	}, fails("is not pending")),
	"token is current": alike(func(b *testRotator) { b.finished() }, done),
	"token is current, AWSPENDING taken off": alike(func(b *testRotator) {
		b.finished().mustRun(heartbeat)
	}, done),
	"token is current, the next rotation has begun": alike(func(b *testRotator) {
		b.finished().mustRun(heartbeat)
		b.begin(other)
	}, done),

	// The steps themselves.
	"no AWSCURRENT": alike(func(b *testRotator) {
		b.must(b.service.Create(b.t.Context(), parentSecret, "", secrets.Value{}))
		b.begin(native)
	}, fails("has no current version")),
	"AWSCURRENT is no credential": alike(func(b *testRotator) {
		b.must(b.service.Create(b.t.Context(), parentSecret, hand, secrets.NewValue("oops")))
		b.begin(native)
	}, fails("holds no credential")),
	"version without value": {
		func(b *testRotator) { b.rotated().begin(native) },
		stepOutcome{stores: true}, fails("holds no value yet"), fails("holds no value yet"),
		fails("holds no value yet"),
	},
	"version with value": {
		func(b *testRotator) { b.created() },
		done, done, done, stepOutcome{labels: "first=AWSPREVIOUS native=AWSCURRENT+AWSPENDING"},
	},
	"value is no credential": {
		func(b *testRotator) {
			b.rotated().begin(native)
			b.put("oops", native, secrets.Pending)
		},
		done, done, fails("token is unfit"), stepOutcome{fails: "token is unfit",
			labels: "first=AWSCURRENT pasted=AWSPREVIOUS"},
	},
	"pending token revoked": {
		func(b *testRotator) {
			b.created()
			b.must(b.sim.Revoke(user, b.credential(native).ID))
		},
		done, done, fails("token is unfit"), stepOutcome{fails: "token is unfit",
			labels: "first=AWSCURRENT pasted=AWSPREVIOUS"},
	},

	// A version that a person creates during the rotation. The service gives up then; a step that
	// is on its way must still be harmless.
	"made current manually, version without value": {
		func(b *testRotator) {
			b.rotated().begin(native)
			b.put(b.bare(), hand, secrets.Current)
		},
		stepOutcome{stores: true}, fails("holds no value yet"), fails("holds no value yet"),
		fails("holds no value yet"),
	},
	"made current manually, version with value": alike(func(b *testRotator) {
		b.created()
		b.sim.Advance(time.Minute)
		b.put(b.bare(), hand, secrets.Current)
	}, fails("was overtaken")),
	"made pending manually": alike(func(b *testRotator) {
		b.created()
		b.put(b.bare(), hand, secrets.Pending)
	}, fails("has no version")),
	"given another label manually": {
		func(b *testRotator) {
			b.created()
			b.put(b.bare(), hand, "kept")
		},
		done, done, done, stepOutcome{labels: "first=AWSPREVIOUS hand=kept " +
			"native=AWSCURRENT+AWSPENDING"},
	},
}

// tryCells tries every step in every state, but for those that wrong names, with the reason.
func tryCells(t *testing.T, open func(*testing.T) *testRotator, wrong map[string]string) {
	for name := range wrong {
		if _, ok := protocol[name]; !ok {
			t.Errorf("there is no state %q to leave out", name)
		}
	}
	for name, c := range protocol {
		if wrong[name] != "" {
			continue
		}
		for step, want := range map[string]stepOutcome{"create": c.create, "set": c.set,
			"test": c.test, "finish": c.finish} {
			t.Run(name+"/"+step, func(t *testing.T) {
				t.Parallel()
				b := open(t)
				c.arrange(b)
				before := b.look()
				err := b.take(stepEvent(step + "Secret"))
				if (err == nil) != (want.fails == "") ||
					err != nil && !strings.Contains(err.Error(), want.fails) {
					t.Errorf("error is %v, want %q", err, want.fails)
				}
				b.expect(before, want)
			})
		}
	}
}

// expect compares what there is to what there was and what a step should have done.
func (b *testRotator) expect(before sight, want stepOutcome) {
	b.t.Helper()
	after := b.look()
	if want.labels != "" {
		before.labels = want.labels
	}
	if want.stores {
		c := b.credential(native)
		before.values[native] = after.values[native]
		before.live = append(before.live, c.ID)
		before.creates++
		if c.Rotation != native || b.live()[c.ID].Note != ourNotes+native {
			b.t.Errorf("stored is token %s of rotation %q with the note %q", c.ID, c.Rotation,
				b.live()[c.ID].Note)
		}
	}
	// A version that has lost its last label is not looked at any more.
	for id := range before.values {
		if _, ok := after.values[id]; !ok {
			delete(before.values, id)
		}
	}
	if !reflect.DeepEqual(after, before) {
		b.t.Errorf("there is %s, want %s, with the same values", after, before)
	}
}

// sight is all that a step may change.
type sight struct {
	labels string // such as "first=AWSCURRENT native=AWSPENDING"
	// of the versions with labels, by id; they print redacted
	values           map[string]secrets.Value
	live             []string // ids of the account's tokens, oldest first
	creates, deletes int      // asked of Mapbox so far
}

func (s sight) String() string {
	return fmt.Sprintf("labels %s, %d values, tokens %s, %d creates, %d deletes", s.labels,
		len(s.values), s.live, s.creates, s.deletes)
}

func (b *testRotator) look() sight {
	b.t.Helper()
	s := sight{labels: b.labels(), values: map[string]secrets.Value{}}
	for id, labels := range b.describe().Stages {
		v, err := b.store.Get(b.t.Context(), parentSecret, id)
		if err != nil && !errors.Is(err, secrets.ErrNotFound) {
			b.t.Fatal(err)
		}
		if len(labels) > 0 {
			s.values[id] = v.Value
		}
	}
	for _, t := range b.sim.Tokens(user) {
		s.live = append(s.live, t.ID)
	}
	s.creates, s.deletes = b.called("create"), b.called("delete")
	return s
}

// called counts the calls of an operation so far.
func (b *testRotator) called(op string) int {
	n := 0
	for _, call := range b.sim.Calls() {
		if call.Op == op {
			n++
		}
	}
	return n
}

// labels says which version has which, by the part that a version plays.
func (b *testRotator) labels() string {
	b.t.Helper()
	parts := map[string]string{strings.Repeat("a", 32): "pasted", native: "native", other: "other",
		hand: "hand"}
	var all []string
	for id, labels := range b.describe().Stages {
		part, ok := parts[id]
		if !ok {
			part = "first" // the heartbeat's
		}
		for i, label := range labels {
			if strings.HasPrefix(label, "tokenmint:superseded:") {
				labels[i] = "dated"
			}
		}
		if len(labels) > 0 {
			all = append(all, part+"="+strings.Join(labels, "+"))
		}
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}
