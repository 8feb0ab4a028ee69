package model_test

import (
	"context"
	"fmt"
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
	dimLabel        = "a label moved manually: "
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

// byPerson notes that a person changes a secret now.
func (w *world) byPerson(secret string) {
	w.remember()
	w.hide(secret)
	// a run that has looked before may take AWSPREVIOUS off it
	if c, ok := w.currentOf(secret); ok && w.active > 0 {
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
	"bare", "past", "future", "another stack's", "temporary", "public", "placeholder", "no json",
	"quoted", "another id",
}

func pasteKind(k int, kind string) move {
	return act(fmt.Sprintf("a person pastes into secret %d: %s", k, kind), func(w *world) {
		m := w.at(k)
		w.use(dimValue + kind)
		w.byPerson(m.SecretID)
		w.events++
		note, with := "Made manually", scopes
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
			created := map[string]string{"past": "2001-01-01T00:00:00Z",
				"future": "2126-01-01T00:00:00Z"}[kind]
			if created == "" {
				created = time.Now().UTC().Format(time.RFC3339)
			}
			text = fmt.Sprintf(`{"token":%q,"scopes":["styles:read"],"created":%q,"rotation":%q}`,
				token, created, versionID("theirs", w.events))
		case "temporary":
			text = must(w.client.CreateTemporary(context.Background(),
				tokens.Auth{Token: tokens.NewToken(token), Username: user}, tokens.TemporaryRequest{
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
		if _, err := secrets.ParseStored(secrets.NewValue(text)); err == nil &&
			kind != "temporary" {
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
		w.byPerson(target.SecretID)
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
	return act(fmt.Sprintf("a person moves %s of secret %d to version %d", label, k, nth),
		func(w *world) {
			ctx, m := context.Background(), w.at(k)
			versions := must(w.memory.Versions(ctx, m.SecretID))
			if len(versions) == 0 {
				return
			}
			to := versions[nth%len(versions)]
			from, _ := must(w.memory.Describe(ctx, m.SecretID)).VersionAt(label)
			if from == to.ID && label == secrets.Current ||
				label == secrets.Current && !w.isSafe(m.SecretID, to) {
				return
			}
			target := to.ID
			if from == target {
				target = ""
			}
			w.use(dimLabel + label)
			w.byPerson(m.SecretID)
			if err := w.memory.UpdateStage(ctx, m.SecretID, label, from, target); err != nil {
				w.trace = append(w.trace, "  refused: "+err.Error())
			}
		})
}

// isSafe reports whether a careful person may make a version current: its token lives, and no run
// may delete it at any moment.
func (w *world) isSafe(secret string, v secrets.Version) bool {
	c, ok := w.valueOf(secret, v.ID)
	if !ok || !w.isAlive(c.ID) || w.endings > 0 || c.Token.Usage() != tokens.UsageSecret ||
		w.unreadable[secret+v.ID] != nil {
		return false
	}
	for _, stage := range v.Stages {
		text := strings.TrimSuffix(strings.TrimPrefix(
			strings.TrimPrefix(stage, "tokenmint:superseded:"), "again:"), ":"+v.ID)
		if at, err := time.Parse(time.RFC3339, text); err == nil && isDated(stage) &&
			time.Since(at) > retireAfter-lambdaLimit {
			return false
		}
	}
	return slices.Contains(w.currents(), c.ID) ||
		!w.left[c.ID].IsZero() && time.Since(w.left[c.ID]) < retireAfter-lambdaLimit
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
		i := slices.IndexFunc(must(w.memory.Versions(ctx, m.SecretID)),
			func(v secrets.Version) bool {
				return v.ID == to
			})
		if !w.isSafe(m.SecretID, must(w.memory.Versions(ctx, m.SecretID))[i]) {
			return
		}
		w.byPerson(m.SecretID)
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

func must2[A, B any](a A, b B, err error) (A, B) {
	if err != nil {
		panic(err)
	}
	return a, b
}
