package secrets_test

import (
	"testing"

	"github.com/tokenmint/tokenmint/internal/secrets"
)

func TestDescription(t *testing.T) {
	t.Parallel()
	d := secrets.Description{
		Stages: map[string][]string{"one": {secrets.Previous, "a"}, "two": {secrets.Current}}}
	for stage, want := range map[string]string{secrets.Current: "two", "a": "one",
		secrets.Pending: "", "": ""} {
		if id, ok := d.VersionAt(stage); id != want || ok != (want != "") {
			t.Errorf("label %q is at %q, %t, want %q", stage, id, ok, want)
		}
	}
	if !d.Has("one", "a") || d.Has("two", "a") || d.Has("three", secrets.Current) {
		t.Error("Has does not agree with Stages")
	}
}
