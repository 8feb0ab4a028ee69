package model_test

import (
	"context"
	"fmt"
	"time"

	"github.com/tokenmint/tokenmint/internal/rotate"
	"github.com/tokenmint/tokenmint/internal/secrets"
)

// The secrets of the additional tokens.
const (
	uploadsSecret = "tokenmint/uploads"
	webSecret     = "tokenmint/web"
)

// pasted stores a token as a person does.
func pasted(w *world) {
	w.give(parentSecret, 1)
}

// give creates a token manually and makes it current.
func (w *world) give(secret string, n int) {
	w.remember()
	id, value, err := w.sim.AddToken(user, "Made manually", scopes)
	if err != nil {
		panic(err)
	}
	w.given[id] = true
	w.secret(value)
	w.makeCurrent(secret, versionID("hand", n), secrets.NewValue(value))
}

// kept stores a token as a rotation has left it, some time ago.
func (w *world) kept(m rotate.Managed, n int, age time.Duration) {
	rotation := versionID("kept", n)
	with := m.Scopes
	if with == nil {
		with = scopes
	}
	id, value, err := w.sim.AddToken(user, "tokenmint/test/"+m.Name+"/"+rotation, with)
	if err != nil {
		panic(err)
	}
	w.mine[id] = &creation{name: m.Name, stored: true}
	w.secret(value)
	c := must(secrets.ParseStored(secrets.NewValue(value)))
	c.Scopes, c.Created, c.Rotation = with, time.Now(), rotation
	w.makeCurrent(m.SecretID, rotation, must(c.Encode()))
	time.Sleep(age)
}

// makeCurrent does what a person does in the console: put a value, which becomes current.
func (w *world) makeCurrent(secret, version string, v secrets.Value) {
	ctx := context.Background()
	_, err := w.memory.Describe(ctx, secret)
	if err != nil {
		err = w.memory.Create(ctx, secret, version, v)
	} else {
		w.remember()
		err = w.memory.Put(ctx, secret, version, v, secrets.Current)
	}
	if err != nil {
		panic(err)
	}
	w.check(nil)
}

func versionID(word string, n int) string { return fmt.Sprintf("%s-%030d", word, n) }

// fresh is a parent that nothing is due for.
func fresh(w *world) { w.kept(w.managed[0], 1, time.Hour) }

// due is a parent that is old enough, and the one before it in grace.
func due(w *world) {
	w.kept(w.managed[0], 1, time.Hour)
	w.kept(w.managed[0], 2, rotateEvery)
}

// replaced is a parent whose predecessor was replaced just now and has not been dated.
func replaced(w *world) {
	w.kept(w.managed[0], 1, time.Hour)
	w.kept(w.managed[0], 2, time.Minute)
}

// overdue is a parent whose predecessor's grace is over.
func overdue(w *world) {
	replaced(w)
	heartbeatNow.do(w, always)
	time.Sleep(retireAfter)
}

// many is a parent with so many before it that one more is the last.
func many(w *world) {
	for n := range 7 {
		w.kept(w.managed[0], n, time.Minute)
		heartbeatNow.do(w, always)
	}
}

// further has a secret and a public token beside the parent, in secrets that hold nothing yet.
func further(w *world) {
	w.kept(w.managed[0], 1, time.Hour)
	w.managed = append(w.managed,
		rotate.Managed{Name: "uploads", SecretID: uploadsSecret, Scopes: []string{"uploads:write"},
			RotateEvery: rotateEvery, RetireAfter: retireAfter},
		rotate.Managed{Name: "web", SecretID: webSecret, Scopes: []string{"styles:read"},
			AllowedURLs: []string{"https://acme.example"}, RotateEvery: rotateEvery,
			RetireAfter: retireAfter},
	)
	for _, m := range w.managed[1:] {
		if err := w.memory.Create(context.Background(), m.SecretID, "",
			secrets.Value{}); err != nil {
			panic(err)
		}
	}
}

// uploadsDue has a additional token that is due.
func uploadsDue(w *world) {
	w.managed = append(w.managed,
		rotate.Managed{Name: "uploads", SecretID: uploadsSecret, Scopes: []string{"uploads:write"},
			RotateEvery: rotateEvery, RetireAfter: retireAfter})
	w.kept(w.managed[1], 3, rotateEvery)
	w.kept(w.managed[0], 1, time.Hour)
}

// changed has additional tokens whose configuration is another than when they were made.
func changed(w *world) {
	further(w)
	w.kept(w.managed[1], 3, time.Minute)
	w.kept(w.managed[2], 4, time.Hour)
	w.managed[1].Scopes = []string{"styles:read"}
	w.managed[1].AllowedURLs = nil
}
