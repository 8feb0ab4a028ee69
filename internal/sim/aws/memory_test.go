package aws_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/secrets/storetest"
	"github.com/tokenmint/tokenmint/internal/sim/aws"
)

var (
	start = time.Date(2026, 1, 2, 15, 4, 5, 678_900_000, time.FixedZone("CET", 3600))
	one   = secrets.NewValue("SENTINEL-1")
	two   = secrets.NewValue("SENTINEL-2")
)

func TestMemoryConforms(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(_ *testing.T, mem *aws.Memory) secrets.Store { return mem })
}

// parent returns a store with one secret, whose version v1 is current. Each change moves the
// store's clock by a second.
func parent(t *testing.T) *aws.Memory {
	t.Helper()
	ticks := 0
	mem := aws.NewMemory(func() time.Time {
		ticks++
		return start.Add(time.Duration(ticks-1) * time.Second)
	})
	must(t, mem.Create(t.Context(), name, v1, one))
	return mem
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestCreate(t *testing.T) {
	t.Parallel()
	for title, c := range map[string]struct {
		name, version string
		value         secrets.Value
		want          error
	}{
		"the same":            {name, v1, one, nil},
		"other version":       {name, v2, one, secrets.ErrExists},
		"other value":         {name, v1, two, secrets.ErrExists},
		"no value":            {name, "", secrets.Value{}, secrets.ErrExists},
		"longest name":        {strings.Repeat("n", 512), v1, one, nil},
		"all kinds of runes":  {"Az09/_+=.@-", v1, one, nil},
		"name too long":       {strings.Repeat("n", 513), v1, one, secrets.ErrInvalid},
		"no name":             {"", v1, one, secrets.ErrInvalid},
		"space in the name":   {"a b", v1, one, secrets.ErrInvalid},
		"line after the name": {"a\n", v1, one, secrets.ErrInvalid},
		"short version id":    {"new", "1", one, secrets.ErrInvalid},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			if err := parent(t).Create(t.Context(), c.name, c.version, c.value); !errors.Is(err,
				c.want) {
				t.Errorf("error is %v, want %v", err, c.want)
			}
		})
	}
}

// After a refused Create the secret does not exist.
func TestCreateRefusedLeavesNothing(t *testing.T) {
	t.Parallel()
	mem := parent(t)
	if err := mem.Create(t.Context(), "new", "short", one); err == nil {
		t.Fatal("a version id of five characters was accepted")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := mem.Create(ctx, "new", v1, one); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want %v", err, context.Canceled)
	}
	if _, err := mem.Describe(t.Context(), "new"); !errors.Is(err, secrets.ErrNotFound) {
		t.Errorf("error is %v, want %v", err, secrets.ErrNotFound)
	}
}

func TestVersionsAndStages(t *testing.T) {
	t.Parallel()
	mem, ctx := parent(t), t.Context()
	must(t, mem.Put(ctx, name, v3, two, "a"))
	must(t, mem.MoveStage(ctx, name, "a", v3, ""))
	must(t, mem.BeginRotation(ctx, name, v2))

	versions, err := mem.Versions(ctx, name)
	must(t, err)
	first := start.UTC().Truncate(time.Millisecond)
	want := []secrets.Version{
		{ID: v1, Stages: []string{secrets.Current}, Created: first, Value: one},
		{ID: v3, Created: first.Add(time.Second), Value: two},
		{ID: v2, Stages: []string{secrets.Pending}, Created: first.Add(3 * time.Second)},
	}
	if !reflect.DeepEqual(versions, want) {
		t.Errorf("versions are %+v, want %+v (a difference may be in the values)", versions, want)
	}

	if d, err := mem.Describe(ctx, name); err != nil || !d.Created.Equal(first) ||
		!d.Changed.Equal(first.Add(3*time.Second)) {
		t.Errorf("created %s, changed %s: %v", d.Created, d.Changed, err)
	}
	if v, err := mem.GetStage(ctx, name, secrets.Current); err != nil || v.ID != v1 {
		t.Errorf("current version is %+v, %v", v, err)
	}
	for _, stage := range []string{secrets.Pending, secrets.Previous, ""} {
		if _, err := mem.GetStage(ctx, name, stage); !errors.Is(err, secrets.ErrNotFound) {
			t.Errorf("label %q: error is %v, want %v", stage, err, secrets.ErrNotFound)
		}
	}
}

// UpdateStage refuses a repeated move. MoveStage accepts it.
func TestUpdateStageIsStrict(t *testing.T) {
	t.Parallel()
	for title, c := range map[string]struct {
		stage, from, to string
		want            error
	}{
		"move":                {secrets.Current, v1, v2, nil},
		"repeated move":       {secrets.Previous, v2, v1, secrets.ErrConflict},
		"repeated removal":    {secrets.Pending, v2, "", secrets.ErrConflict},
		"stays, from unsaid":  {secrets.Previous, "", v1, nil},
		"stays, from said":    {secrets.Previous, v1, v1, nil},
		"nothing to do":       {"a", "", "", secrets.ErrInvalid},
		"no label":            {"", "", v1, secrets.ErrInvalid},
		"label too long":      {strings.Repeat("l", 257), "", v1, secrets.ErrInvalid},
		"to no known version": {"a", "", v3, secrets.ErrNotFound},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			mem, ctx := parent(t), t.Context()
			must(t, mem.Put(ctx, name, v2, two, "b"))
			must(t, mem.UpdateStage(ctx, name, secrets.Previous, "", v1))
			if err := mem.UpdateStage(ctx, name, c.stage, c.from, c.to); !errors.Is(err, c.want) {
				t.Errorf("error is %v, want %v", err, c.want)
			}
		})
	}
}

func TestBeginRotation(t *testing.T) {
	t.Parallel()
	begin := func(id string) func(context.Context, *aws.Memory) error {
		return func(ctx context.Context, m *aws.Memory) error {
			return m.BeginRotation(ctx, name, id)
		}
	}
	for title, c := range map[string]struct {
		prepare func(context.Context, *aws.Memory) error
		begin   string
		want    error
	}{
		"first":             {nil, v2, nil},
		"again":             {begin(v2), v2, nil},
		"another under way": {begin(v3), v2, secrets.ErrConflict},
		"pending rests on current": {func(ctx context.Context, m *aws.Memory) error {
			return m.MoveStage(ctx, name, secrets.Pending, "", v1)
		}, v2, nil},
		"version exists":   {nil, v1, secrets.ErrExists},
		"short version id": {nil, "2", secrets.ErrInvalid},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			mem := parent(t)
			if c.prepare != nil {
				must(t, c.prepare(t.Context(), mem))
			}
			if err := mem.BeginRotation(t.Context(), name, c.begin); !errors.Is(err, c.want) {
				t.Fatalf("error is %v, want %v", err, c.want)
			}
			d, err := mem.Describe(t.Context(), name)
			must(t, err)
			if d.Has(v2, secrets.Pending) != (c.want == nil) {
				t.Errorf("labels are %v", d.Stages)
			}
		})
	}
}
