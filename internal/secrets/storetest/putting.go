package storetest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tokenmint/tokenmint/internal/secrets"
)

func putPending(t *testing.T, f *parentSecret) {
	f.put(t, v2, two, secrets.Pending)
	f.expect(t, stages{v1: {secrets.Current}, v2: {secrets.Pending}})
}

func putCurrent(t *testing.T, f *parentSecret) {
	f.put(t, v2, two, secrets.Current)
	f.expect(t, stages{v1: {secrets.Previous}, v2: {secrets.Current}})
	f.put(t, v3, three, secrets.Current)
	f.expect(t, stages{v2: {secrets.Previous}, v3: {secrets.Current}})
}

// putFirst checks that the first version of a secret gets AWSCURRENT too.
func putFirst(t *testing.T, f *parentSecret) {
	const empty = "tokenmint/empty"
	if err := f.service.Create(t.Context(), empty, "", secrets.Value{}); err != nil {
		t.Fatal(err)
	}
	if err := f.store.Put(t.Context(), empty, v1, one, "a"); err != nil {
		t.Fatal(err)
	}
	v, err := f.store.Get(t.Context(), empty, "")
	if err != nil || v.ID != v1 || strings.Join(v.Stages, " ") != "AWSCURRENT a" {
		t.Errorf("current version is %+v, %v", v, err)
	}
}

func putTakesLabels(t *testing.T, f *parentSecret) {
	f.put(t, v2, two, secrets.Pending, "a")
	f.put(t, v3, three, secrets.Pending)
	f.expect(t, stages{v1: {secrets.Current}, v2: {"a"}, v3: {secrets.Pending}})
}

// putAgain checks that a repeated Put changes nothing, not even labels.
func putAgain(t *testing.T, f *parentSecret) {
	f.put(t, v2, two, secrets.Pending)
	f.put(t, v2, two, secrets.Pending)
	f.put(t, v2, two, secrets.Current)
	f.expect(t, stages{v1: {secrets.Current}, v2: {secrets.Pending}})
}

func putOther(t *testing.T, f *parentSecret) {
	f.put(t, v2, two, secrets.Pending)
	refused(t, f.store.Put(t.Context(), parent, v2, three, secrets.Current), secrets.ErrExists)
	f.expect(t, stages{v1: {secrets.Current}, v2: {secrets.Pending}})
	if v, err := f.store.Get(t.Context(), parent, v2); err != nil || v.Value != two {
		t.Errorf("the version has lost its value: %v", err)
	}
}

func putInvalid(t *testing.T, f *parentSecret) {
	// JSON can escape this value to six times its length
	longest := secrets.NewValue(strings.Repeat("<", 64<<10))
	for name, c := range map[string]struct {
		id     string
		value  secrets.Value
		labels []string
	}{
		"no version id":        {"", two, []string{"a"}},
		"version id too short": {strings.Repeat("2", 31), two, []string{"a"}},
		"version id too long":  {strings.Repeat("2", 65), two, []string{"a"}},
		"no value":             {v2, secrets.Value{}, []string{"a"}},
		"value too long":       {v2, secrets.NewValue(longest.Reveal() + "<"), []string{"a"}},
		"no label":             {v2, two, nil},
		"empty label":          {v2, two, []string{""}},
		"label too long":       {v2, two, []string{strings.Repeat("l", 257)}},
		"too many labels":      {v2, two, labels(21)},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, f.store.Put(t.Context(), parent, c.id, c.value, c.labels...),
				secrets.ErrInvalid)
			f.expect(t, stages{v1: {secrets.Current}})
		})
	}
	f.put(t, strings.Repeat("2", 32), longest, labels(20)...)
	f.put(t, strings.Repeat("3", 64), two, strings.Repeat("l", 256))
}

// labels returns n labels.
func labels(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("label-%02d", i)
	}
	return all
}
