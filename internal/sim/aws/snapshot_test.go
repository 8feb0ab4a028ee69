package aws_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/sim/aws"
)

func TestSnapshotRestoresEverything(t *testing.T) {
	t.Parallel()
	mem, ctx := parent(t), t.Context()
	must(t, mem.Create(ctx, "empty", "", secrets.Value{}))
	must(t, mem.Put(ctx, name, v2, two, "a"))
	must(t, mem.MoveStage(ctx, name, "a", v2, "")) // versions without labels are kept
	must(t, mem.BeginRotation(ctx, name, v3))
	must(t, mem.SetRotationEnabled(ctx, name, true))
	data, err := mem.Snapshot()
	must(t, err)

	copied := aws.NewMemory(time.Now)
	must(t, copied.Create(ctx, "earlier", v1, one))
	must(t, copied.Restore(data))
	if _, err := copied.Describe(ctx, "earlier"); !errors.Is(err, secrets.ErrNotFound) {
		t.Errorf("restoring did not replace the content: %v", err)
	}
	for _, id := range []string{name, "empty"} {
		want, err := mem.Describe(ctx, id)
		must(t, err)
		if got, err := copied.Describe(ctx, id); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("description is %+v, %v, want %+v", got, err, want)
		}
		versions, err := mem.Versions(ctx, id)
		must(t, err)
		if got, err := copied.Versions(ctx, id); err != nil || !reflect.DeepEqual(got, versions) {
			t.Errorf("versions are %+v, %v, want %+v (a difference may be in the values)", got, err,
				versions)
		}
	}

	must(t, copied.Put(ctx, name, v3, two, secrets.Current)) // the copy works independently
	again, err := mem.Snapshot()
	must(t, err)
	if string(again) != string(data) {
		t.Error("a change of the copy has changed the original")
	}
}

func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	for title, c := range map[string]struct{ data, want string }{
		"nothing":     {``, "malformed JSON at byte 0"},
		"half a file": {`{"secrets":[{"name":"SENTINEL`, "malformed JSON at byte 29"},
		"wrong type": {`{"secrets":[{"versions":[{"value":["SENTINEL"]}]}]}`,
			`JSON field "secrets.versions.value" is not a string`},
		"wrong time": {`{"secrets":[{"versions":[{"created":"SENTINEL"}]}]}`,
			"JSON contains a malformed time"},
		"unknown label": {`{"secrets":[{"name":"s","labels":{"a":"` + v1 + `"}}]}`,
			"label a of s is on an unknown version"},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			mem := parent(t)
			err := mem.Restore([]byte(c.data))
			if want := "restore secrets: " + c.want; fmt.Sprint(err) != want {
				t.Errorf("error is %q, want %q",
					strings.ReplaceAll(fmt.Sprint(err), "SENTINEL", "[value]"), want)
			}
			if v, err := mem.Get(t.Context(), name, ""); err != nil || v.Value != one {
				t.Errorf("the content is not as before: %v", err)
			}
		})
	}
}
