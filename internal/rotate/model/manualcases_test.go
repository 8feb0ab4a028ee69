package model_test

import (
	"context"
	"fmt"
	"time"

	"github.com/tokenmint/tokenmint/internal/rotate"
	"github.com/tokenmint/tokenmint/internal/secrets"
)

// manual are histories of what people do. Of each, all calls are broken in each way.
var manual = append([]scenario{
	{"an additional token pasted as parent, and rolled back", wide,
		[][]move{{heartbeatNow, copyValue(1, 0), pass(2 * time.Minute), back(0), heartbeatNow,
			pass(retireAfter), heartbeatNow}}},
	{"a parent pasted as additional token", wide,
		[][]move{{heartbeatNow, copyValue(0, 1), heartbeatNow, pass(retireAfter), heartbeatNow,
			force, heartbeatNow}}},
	{"a manual token in two secrets", wide, [][]move{{heartbeatNow, pasteKind(0, "bare"),
		copyValue(0, 1), heartbeatNow, pass(retireAfter), heartbeatNow}}},
	{"six tokens", six, [][]move{{heartbeatNow, pass(time.Hour), heartbeatNow}}},
	{"six tokens, forced", six, [][]move{{forceAllOnce, forceAllOnce, pass(time.Hour),
		forceAll, forceAll}}},
	{"deletes fail", overdue, [][]move{{stick, heartbeatNow, force}}},
	{"AWSPREVIOUS on the current version", replaced,
		[][]move{{moveLabel(0, secrets.Previous, 1), heartbeatNow, force}}},
	{"AWSPREVIOUS on a version without a value", replaced,
		[][]move{{begin, giveUp, moveLabel(0, secrets.Previous, 2), heartbeatNow,
			retireNow, force}}},
	{"AWSPENDING on an old version", overdue,
		[][]move{{moveLabel(0, secrets.Pending, 0), heartbeatNow, heartbeatNow}}},
	{"rolled back and forward", replaced, [][]move{{heartbeatNow, pass(retireAfter - time.Hour),
		swing(0, 50*time.Minute), pass(10 * time.Minute), heartbeatNow, pass(retireAfter),
		heartbeatNow}}},
	{"a new stack", emptyParent, [][]move{{heartbeatNow, pasteKind(0, "bare"), heartbeatNow}}},
	{"retire now beneath a temporary parent", overdue,
		[][]move{{pasteKind(0, "temporary"), retireNow, heartbeatNow}}},
}, values()...)

func values() (all []scenario) {
	for _, kind := range kinds {
		all = append(all, scenario{"pasted parent: " + kind, replaced,
			[][]move{{pasteKind(0, kind), heartbeatNow, pass(retireAfter), retireNow}}},
			scenario{"pasted additional token: " + kind, wide,
				[][]move{{pasteKind(1, kind), heartbeatNow, pass(retireAfter), heartbeatNow}}})
	}
	for _, kind := range kindsOfUnreadable {
		all = append(all,
			scenario{"old version: " + kind, replaced,
				[][]move{{heartbeatNow, spoilVersion(0, secrets.Previous, kind),
					pass(30 * time.Minute), heartbeatNow, pass(retireAfter), heartbeatNow, force,
					retireNow}}},
			scenario{"current additional version: " + kind, wide,
				[][]move{{heartbeatNow, spoilVersion(1, secrets.Current, kind), pass(retireAfter),
					heartbeatNow}}},
			scenario{"pending version: " + kind, replaced,
				[][]move{{moveLabel(0, secrets.Pending, 0), spoilVersion(0, secrets.Pending, kind),
					heartbeatNow, heartbeatNow}}})
	}
	return all
}

// beside have people at work while a rotation runs.
var beside = []scenario{
	{"a copy beside a retirement", wide, [][]move{{heartbeatNow, pass(retireAfter), heartbeatNow},
		{copyValue(1, 0), back(0)}}},
	{"a swing beside a rotation", replaced, [][]move{{heartbeatNow, force},
		{swing(0, time.Minute)}}},
	{"a label beside a rotation", replaced, [][]move{{heartbeatNow, force},
		{moveLabel(0, secrets.Previous, 0), moveLabel(0, secrets.Pending, 0)}}},
}

// six has more additional tokens than one run may create, in secrets that hold nothing yet, or a
// placeholder.
func six(w *world) {
	w.use(dimMany)
	w.kept(w.managed[0], 1, time.Hour)
	for i := range 6 {
		m := rotate.Managed{
			Name: fmt.Sprint("t", i), SecretID: fmt.Sprint("tokenmint/t", i),
			Scopes:      []string{"uploads:write"},
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
		rotate.Managed{Name: "uploads", SecretID: uploadsSecret, Scopes: scopes,
			RotateEvery: rotateEvery, RetireAfter: retireAfter})
	w.kept(w.managed[0], 1, time.Hour)
	w.kept(w.managed[0], 2, time.Minute)
	w.kept(w.managed[1], 3, time.Minute)
	w.kept(w.managed[1], 4, time.Minute)
}

// emptyParent is a new stack: it has no parent yet.
func emptyParent(w *world) {
	if err := w.memory.Create(context.Background(), parentSecret, "", secrets.Value{}); err != nil {
		panic(err)
	}
}
