package model_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/tokenmint/tokenmint/internal/rotate"
	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// The dimensions of the model that are counted: in how many schedules did it happen.
const (
	dimRefusedAfter = "a refusal that follows an effect"
	dimTwoSecrets   = "one token in two managed secrets"
	dimMany         = "more tokens than one run may create"
	dimStuck        = "deletes that fail for ever"
	dimUnreadable   = "a version that cannot be read: "
	dimLabel        = "a label moved by hand: "
	dimValue        = "a value that a person pastes: "
	dimAdditional   = "a person changes an additional token's secret"
	dimForceAll     = "a forced run without a name"
	dimSwing        = "a rollback that is undone between two heartbeats"
)

func (w *world) use(dimension string) { w.used[dimension] = true }

// at returns the managed token that a move with this number is about.
func (w *world) at(k int) rotate.Managed {
	m := w.managed[k%len(w.managed)]
	if k%len(w.managed) > 0 {
		w.use(dimAdditional)
	}
	return m
}

// byHand notes that a person changes a secret now.
func (w *world) byHand(secret string) {
	w.remember()
	w.hide(secret)
	if c, ok := w.currentOf(secret); ok && w.active > 0 { // a run that has looked before may take AWSPREVIOUS off it
		w.hidden[c.ID] = w.hidden[c.ID] || w.given[c.ID]
	}
	w.personAt[secret] = time.Now()
}

var forceAll = deliverNew(`{"action":"rotate","force":true,"id":%q}`)

var forceAllOnce = deliver(`{"action":"rotate","force":true,"id":"all once"}`)

var stick = act("Mapbox deletes nothing any more", func(w *world) {
	w.use(dimStuck)
	w.stuck = true
})

// kinds of values that a person pastes.
var kinds = []string{
	"bare", "past", "future", "another stack's", "temporary", "public", "placeholder", "no json", "quoted", "another id",
}

func pasteKind(k int, kind string) move {
	return act(fmt.Sprintf("a person pastes into secret %d: %s", k, kind), func(w *world) {
		m := w.at(k)
		w.use(dimValue + kind)
		w.byHand(m.SecretID)
		w.events++
		note, with := "Made by hand", scopes
		switch kind {
		case "another stack's":
			note = "tokenmint/other/parent/" + versionID("theirs", w.events)
		case "public":
			with = []string{"styles:read"}
		}
		id, token := must2(w.sim.AddToken(user, note, with))
		w.secret(token)
		text := token
		switch kind {
		case "past", "future", "another stack's":
			created := map[string]string{"past": "2001-01-01T00:00:00Z", "future": "2126-01-01T00:00:00Z"}[kind]
			if created == "" {
				created = time.Now().UTC().Format(time.RFC3339)
			}
			text = fmt.Sprintf(`{"token":%q,"scopes":["styles:read"],"created":%q,"rotation":%q}`, token, created, versionID("theirs", w.events))
		case "temporary":
			text = must(w.client.CreateTemporary(context.Background(), tokens.Auth{Token: tokens.NewToken(token), Username: user}, tokens.TemporaryRequest{
				Scopes: scopes[:3], Expires: time.Now().Add(time.Hour),
			})).Token.Reveal()
			w.secret(text)
		case "placeholder":
			text = "replace-me"
		case "no json":
			text = `{"token":`
		case "quoted":
			text = `"` + token + `"`
		case "another id":
			text = fmt.Sprintf(`{"token":%q,"id":"x"}`, token)
		}
		if _, err := secrets.ParseStored(secrets.NewValue(text)); err == nil && kind != "temporary" {
			w.given[id] = kind != "another stack's"
			w.foreign[id] = kind == "another stack's"
		}
		w.makeCurrent(m.SecretID, versionID("hand", 1000+w.events), secrets.NewValue(text))
	})
}

// copyValue pastes one secret's current value into another.
func copyValue(from, to int) move {
	return act(fmt.Sprintf("a person copies secret %d to %d", from, to), func(w *world) {
		source, target := w.managed[from%len(w.managed)], w.at(to)
		c, ok := w.currentOf(source.SecretID)
		if !ok || c.ID == "" || source.SecretID == target.SecretID || !w.isAlive(c.ID) {
			return
		}
		w.use(dimTwoSecrets)
		d := must(w.memory.Describe(context.Background(), source.SecretID))
		id, _ := d.VersionAt(secrets.Current)
		v := must(w.memory.Get(context.Background(), source.SecretID, id))
		w.byHand(target.SecretID)
		w.events++
		w.makeCurrent(target.SecretID, versionID("copy", w.events), v.Value)
	})
}

// valueOf reads a version's credential, if it holds one.
func (w *world) valueOf(secret, id string) (secrets.Credential, bool) {
	if c, ok := w.parse[secret+id]; ok {
		return c, c.ID != ""
	}
	v, err := w.memory.Get(context.Background(), secret, id)
	if err != nil || id == "" {
		return secrets.Credential{}, false
	}
	c, err := secrets.ParseStored(v.Value)
	if err == nil {
		w.parse[secret+id] = c
	}
	return c, err == nil && c.ID != ""
}

// moveLabel moves a label to the nth version of a secret, or takes it off.
func moveLabel(k int, label string, nth int) move {
	return act(fmt.Sprintf("a person moves %s of secret %d to version %d", label, k, nth), func(w *world) {
		ctx, m := context.Background(), w.at(k)
		versions := must(w.memory.Versions(ctx, m.SecretID))
		if len(versions) == 0 {
			return
		}
		to := versions[nth%len(versions)]
		from, _ := must(w.memory.Describe(ctx, m.SecretID)).VersionAt(label)
		if from == to.ID && label == secrets.Current || label == secrets.Current && !w.isSafe(m.SecretID, to) {
			return
		}
		target := to.ID
		if from == target {
			target = ""
		}
		w.use(dimLabel + label)
		w.byHand(m.SecretID)
		if err := w.memory.UpdateStage(ctx, m.SecretID, label, from, target); err != nil {
			w.trace = append(w.trace, "  refused: "+err.Error())
		}
	})
}

// isSafe reports whether a careful person may make a version current: its token lives, and no run
// may delete it at any moment.
func (w *world) isSafe(secret string, v secrets.Version) bool {
	c, ok := w.valueOf(secret, v.ID)
	if !ok || !w.isAlive(c.ID) || w.endings > 0 || c.Token.Usage() != tokens.UsageSecret || w.unreadable[secret+v.ID] != nil {
		return false
	}
	for _, stage := range v.Stages {
		text := strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(stage, "tokenmint:superseded:"), "again:"), ":"+v.ID)
		if at, err := time.Parse(time.RFC3339, text); err == nil && isDated(stage) && time.Since(at) > retireAfter-lambdaLimit {
			return false
		}
	}
	return slices.Contains(w.currents(), c.ID) || !w.left[c.ID].IsZero() && time.Since(w.left[c.ID]) < retireAfter-lambdaLimit
}

// currents are the ids that are current in a managed secret.
func (w *world) currents() (ids []string) {
	for _, m := range w.managed {
		if c, ok := w.currentOf(m.SecretID); ok {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// back rolls a secret back, or forward again.
func back(k int) move {
	return act(fmt.Sprintf("a person rolls secret %d back", k), func(w *world) {
		ctx, m := context.Background(), w.at(k)
		d := must(w.memory.Describe(ctx, m.SecretID))
		from, _ := d.VersionAt(secrets.Current)
		to, ok := d.VersionAt(secrets.Previous)
		if !ok || to == from {
			return
		}
		i := slices.IndexFunc(must(w.memory.Versions(ctx, m.SecretID)), func(v secrets.Version) bool { return v.ID == to })
		if !w.isSafe(m.SecretID, must(w.memory.Versions(ctx, m.SecretID))[i]) {
			return
		}
		w.byHand(m.SecretID)
		if err := w.memory.MoveStage(ctx, m.SecretID, secrets.Current, from, to); err != nil {
			panic(err)
		}
	})
}

// swing is a rollback that is undone before a heartbeat sees it.
func swing(k int, d time.Duration) move {
	return move{"rolled back and forward", func(w *world, yield func() bool) {
		w.use(dimSwing)
		back(k).do(w, yield)
		time.Sleep(d)
		back(k).do(w, yield)
	}}
}

// errThrottled is what is left of a ThrottlingException: an error that says nothing.
var errThrottled = errors.New("ThrottlingException: rate exceeded")

// unreadableKinds are the ways in which a version cannot be read.
var unreadableKinds = map[string]error{
	"AccessDenied":      fmt.Errorf("AccessDeniedException: %w", secrets.ErrDenied),
	"DecryptionFailure": fmt.Errorf("DecryptionFailure: %w", secrets.ErrDenied),
	"InvalidRequest":    fmt.Errorf("InvalidRequestException: %w", secrets.ErrInvalid),
	"ResourceNotFound":  fmt.Errorf("ResourceNotFoundException: %w", secrets.ErrNotFound),
	"internal":          errors.New("InternalServiceError"),
	"throttled":         errThrottled,
	"broken":            io.ErrUnexpectedEOF,
}

var kindsOfUnreadable = []string{
	"AccessDenied", "DecryptionFailure", "InvalidRequest", "ResourceNotFound", "internal", "throttled", "broken",
}

// spoilVersion makes a version unreadable for ever: one of those that are labelled.
func spoilVersion(k int, label, kind string) move {
	return act(fmt.Sprintf("the %s version of secret %d cannot be read: %s", label, k, kind), func(w *world) {
		m := w.at(k)
		d := must(w.memory.Describe(context.Background(), m.SecretID))
		id, ok := d.VersionAt(label)
		if !ok || id == "" || label != secrets.Current && d.Has(id, secrets.Current) {
			return
		}
		if _, ok := w.valueOf(m.SecretID, id); !ok && kind == "ResourceNotFound" {
			return // it is so anyway, until it gets a value
		}
		w.use(dimUnreadable + kind)
		w.unreadable[m.SecretID+id] = unreadableKinds[kind]
		w.unreadAt[m.SecretID+id] = time.Now()
		if c, ok := w.valueOf(m.SecretID, id); ok && kind == "ResourceNotFound" {
			w.vanished[c.ID] = true // without a label, nothing tells it from a version that was never stored
		}
	})
}

// isKept reports whether nobody may delete a token: only versions that cannot be read hold it.
func (w *world) isKept(id string, before time.Time) bool {
	kept := false
	for _, m := range w.managed {
		d := must(w.memory.Describe(context.Background(), m.SecretID))
		for version, labels := range d.Stages {
			c, ok := w.valueOf(m.SecretID, version)
			if !ok || c.ID != id {
				continue
			}
			if w.unreadable[m.SecretID+version] == nil {
				return false
			}
			wasCurrent := slices.ContainsFunc(labels, func(l string) bool { return l == secrets.Current || l == secrets.Previous || isDated(l) })
			kept = kept || wasCurrent && w.unreadAt[m.SecretID+version].Before(before)
		}
	}
	return kept
}

// repair does what only a person can do, before the model asks for rest: a parent that is no
// permanent token is replaced by one, and so is a current version that cannot be read.
func (w *world) repair() {
	w.repaired = true
	for i, m := range w.managed {
		d, err := w.memory.Describe(context.Background(), m.SecretID)
		id, ok := d.VersionAt(secrets.Current)
		c, isToken := w.valueOf(m.SecretID, id)
		usable := isToken && c.Token.Usage() == tokens.UsageSecret && hasScopes(w, c.ID)
		if err == nil && (ok && w.unreadable[m.SecretID+id] != nil || i == 0 && !usable) {
			w.trace = append(w.trace, "calm> a person repairs "+m.Name)
			w.byHand(m.SecretID)
			w.events++
			w.give(m.SecretID, 5000+w.events)
		}
	}
}

// hasScopes reports whether a token can be a parent.
func hasScopes(w *world, id string) bool {
	for _, t := range w.rows() {
		if t.ID == id {
			return slices.Contains(t.Scopes, "tokens:write") && slices.Contains(t.Scopes, "tokens:read")
		}
	}
	return true // a person has deleted it; that is another matter
}

// six has more additional tokens than one run may create, in secrets that hold nothing yet, or a
// placeholder.
func six(w *world) {
	w.use(dimMany)
	w.kept(w.managed[0], 1, time.Hour)
	for i := range 6 {
		m := rotate.Managed{
			Name: fmt.Sprint("t", i), SecretID: fmt.Sprint("tokenmint/t", i), Scopes: []string{"uploads:write"},
			RotateEvery: rotateEvery, RetireAfter: retireAfter,
		}
		value, version := secrets.Value{}, ""
		if i%2 == 1 {
			value, version = secrets.NewValue("replace-me"), versionID("placeholder", i)
		}
		if err := w.memory.Create(context.Background(), m.SecretID, version, value); err != nil {
			panic(err)
		}
		w.managed = append(w.managed, m)
	}
}

// wide has an additional token that could be a parent.
func wide(w *world) {
	w.managed = append(w.managed,
		rotate.Managed{Name: "uploads", SecretID: uploadsSecret, Scopes: scopes, RotateEvery: rotateEvery, RetireAfter: retireAfter})
	w.kept(w.managed[0], 1, time.Hour)
	w.kept(w.managed[0], 2, time.Minute)
	w.kept(w.managed[1], 3, time.Minute)
	w.kept(w.managed[1], 4, time.Minute)
}

// empty is a new stack: no parent yet.
func emptyParent(w *world) {
	if err := w.memory.Create(context.Background(), parentSecret, "", secrets.Value{}); err != nil {
		panic(err)
	}
}

// hands are histories of what people do. Of each, all calls are broken in each way.
var hands = append([]scenario{
	{"an additional token pasted as parent, and rolled back", wide, [][]move{{heartbeatNow, copyValue(1, 0), pass(2 * time.Minute), back(0), heartbeatNow, pass(retireAfter), heartbeatNow}}},
	{"a parent pasted as additional token", wide, [][]move{{heartbeatNow, copyValue(0, 1), heartbeatNow, pass(retireAfter), heartbeatNow, force, heartbeatNow}}},
	{"a token by hand in two secrets", wide, [][]move{{heartbeatNow, pasteKind(0, "bare"), copyValue(0, 1), heartbeatNow, pass(retireAfter), heartbeatNow}}},
	{"six tokens", six, [][]move{{heartbeatNow, pass(time.Hour), heartbeatNow}}},
	{"six tokens, forced", six, [][]move{{forceAllOnce, forceAllOnce, pass(time.Hour), forceAll, forceAll}}},
	{"deletes fail", overdue, [][]move{{stick, heartbeatNow, force}}},
	{"AWSPREVIOUS on the current version", replaced, [][]move{{moveLabel(0, secrets.Previous, 1), heartbeatNow, force}}},
	{"AWSPREVIOUS on a version without a value", replaced, [][]move{{begin, giveUp, moveLabel(0, secrets.Previous, 2), heartbeatNow, retireNow, force}}},
	{"AWSPENDING on an old version", overdue, [][]move{{moveLabel(0, secrets.Pending, 0), heartbeatNow, heartbeatNow}}},
	{"rolled back and forward", replaced, [][]move{{heartbeatNow, pass(retireAfter - time.Hour), swing(0, 50*time.Minute), pass(10 * time.Minute), heartbeatNow, pass(retireAfter), heartbeatNow}}},
	{"a new stack", emptyParent, [][]move{{heartbeatNow, pasteKind(0, "bare"), heartbeatNow}}},
	{"retire now beneath a temporary parent", overdue, [][]move{{pasteKind(0, "temporary"), retireNow, heartbeatNow}}},
}, values()...)

func values() (all []scenario) {
	for _, kind := range kinds {
		all = append(all, scenario{"pasted parent: " + kind, replaced, [][]move{{pasteKind(0, kind), heartbeatNow, pass(retireAfter), retireNow}}},
			scenario{"pasted additional token: " + kind, wide, [][]move{{pasteKind(1, kind), heartbeatNow, pass(retireAfter), heartbeatNow}}})
	}
	for _, kind := range kindsOfUnreadable {
		all = append(all,
			scenario{"old version: " + kind, replaced, [][]move{{heartbeatNow, spoilVersion(0, secrets.Previous, kind), pass(30 * time.Minute), heartbeatNow, pass(retireAfter), heartbeatNow, force, retireNow}}},
			scenario{"current additional version: " + kind, wide, [][]move{{heartbeatNow, spoilVersion(1, secrets.Current, kind), pass(retireAfter), heartbeatNow}}},
			scenario{"pending version: " + kind, replaced, [][]move{{moveLabel(0, secrets.Pending, 0), spoilVersion(0, secrets.Pending, kind), heartbeatNow, heartbeatNow}}})
	}
	return all
}

// besides have people at work while a rotation runs.
var besides = []scenario{
	{"a copy beside a retirement", wide, [][]move{{heartbeatNow, pass(retireAfter), heartbeatNow}, {copyValue(1, 0), back(0)}}},
	{"a swing beside a rotation", replaced, [][]move{{heartbeatNow, force}, {swing(0, time.Minute)}}},
	{"a label beside a rotation", replaced, [][]move{{heartbeatNow, force}, {moveLabel(0, secrets.Previous, 0), moveLabel(0, secrets.Pending, 0)}}},
}

func must2[A, B any](a A, b B, err error) (A, B) {
	if err != nil {
		panic(err)
	}
	return a, b
}
