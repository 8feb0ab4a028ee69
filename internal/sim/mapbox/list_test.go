package mapbox_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
)

// shelf returns a testSimulator with tokens of known notes: the default token, the manual token,
// and a to d. The tokens b and d are secret. The token b was modified last.
func shelf(t *testing.T) *testSimulator {
	b := newTestSimulator(t, mapbox.Config{})
	ids := make(map[string]string)
	for note, scopes := range pairs("a", `[]`, "b", `["uploads:read"]`, "c", `["styles:read"]`, "d",
		`["uploads:list"]`) {
		b.sim.Advance(time.Second)
		ids[note] = b.create(fmt.Sprintf(`{"note":%q,"scopes":%s}`, note, scopes)).text("id")
	}
	b.sim.Advance(time.Second)
	if a := b.do("PATCH", "/tokens/v2/alice/"+ids["b"], b.all, `{}`); a.status != http.StatusOK {
		t.Fatalf("update: %d", a.status)
	}
	return b
}

func pairs(list ...string) func(func(string, string) bool) {
	return func(yield func(string, string) bool) {
		for pair := range slices.Chunk(list, 2) {
			if !yield(pair[0], pair[1]) {
				return
			}
		}
	}
}

const (
	defaultNote = "Default public token"
	manualNote  = "made manually"
)

func TestList(t *testing.T) {
	t.Parallel()
	b := shelf(t)
	for name, tc := range map[string]struct {
		query []string
		want  []string // notes
	}{
		"all":         {nil, []string{defaultNote, manualNote, "a", "b", "c", "d"}},
		"public":      {[]string{"usage", "pk"}, []string{defaultNote, "a", "c"}},
		"secret":      {[]string{"usage", "sk"}, []string{manualNote, "b", "d"}},
		"default":     {[]string{"default", "true"}, []string{defaultNote}},
		"not default": {[]string{"default", "false"}, []string{manualNote, "a", "b", "c", "d"}},
		"by creation": {[]string{"sortby", "created"},
			[]string{defaultNote, manualNote, "a", "b", "c", "d"}},
		"by modification": {[]string{"sortby", "modified"},
			[]string{defaultNote, manualNote, "a", "c", "d", "b"}},
		"limited":               {[]string{"limit", "2"}, []string{defaultNote, manualNote}},
		"usage and limit":       {[]string{"usage", "pk", "limit", "2"}, []string{}},
		"usage and a big limit": {[]string{"usage", "sk", "limit", "50"}, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := b.in(t)
			a := b.do("GET", "/tokens/v2/alice", b.all, "", tc.query...)
			if got := a.column("note"); a.status != http.StatusOK || a.raw[0] != '[' ||
				!slices.Equal(got, tc.want) {
				t.Errorf("got %d %q, want %q", a.status, got, tc.want)
			}
		})
	}
}

func TestListRefuses(t *testing.T) {
	t.Parallel()
	b := newTestSimulator(t, mapbox.Config{})
	for name, tc := range map[string]struct {
		query   []string
		status  int
		message string
	}{
		"usage of a temporary token": {[]string{"usage", "tk"}, 422, "usage must be pk or sk"},
		"empty usage":                {[]string{"usage", ""}, 422, "usage must be pk or sk"},
		"limit 0": {[]string{"limit", "0"}, 422,
			"limit must be a positive integer"},
		"limit in words": {[]string{"limit", "ten"}, 422,
			"limit must be a positive integer"},
		"sort by note": {[]string{"sortby", "note"}, 422,
			"sortby must be created or modified"},
		"default maybe": {[]string{"default", "maybe"}, 422,
			"default must be true or false"},
		"start of no kind": {[]string{"start", "7"}, 500, "Internal Server Error"},
		"start by modification": {[]string{"start", "7", "sortby", "modified"}, 500,
			"Internal Server Error"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := b.in(t)
			b.want(b.do("GET", "/tokens/v2/alice", b.all, "", tc.query...), tc.status, tc.message)
		})
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		query []string
		want  [][]string
	}{
		"of one": {[]string{"limit", "1", "default", "false"},
			[][]string{{manualNote}, {"a"}, {"b"}, {"c"}, {"d"}}},
		"with a rest": {[]string{"limit", "4"},
			[][]string{{defaultNote, manualNote, "a", "b"}, {"c", "d"}}},
		"exactly full": {[]string{"limit", "3"},
			[][]string{{defaultNote, manualNote, "a"}, {"b", "c", "d"}}},
		"by modification": {[]string{"limit", "4", "sortby", "modified"},
			[][]string{{defaultNote, manualNote, "a", "c"}, {"d", "b"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := shelf(t)
			a := b.do("GET", "/tokens/v2/alice", b.all, "", tc.query...)
			for i, want := range tc.want {
				if got := a.column("note"); !slices.Equal(got, want) {
					t.Fatalf("page %d: got %q, want %q", i+1, got, want)
				}
				link, more := next(a)
				if last := i == len(tc.want)-1; more == last {
					t.Fatalf("page %d: a Link is there: %t", i+1, more)
				}
				if more {
					a = b.follow(link)
				}
			}
		})
	}
}

// next returns the address in a Link header.
func next(a answer) (string, bool) {
	link, rel, _ := strings.Cut(strings.TrimPrefix(a.header.Get("Link"), "<"), ">")
	return link, rel == `; rel="next"`
}

// follow requests the address in a Link header, which contains the access_token.
func (b *testSimulator) follow(link string) answer {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, link, nil)
	if err != nil {
		b.t.Fatal("the Link is no address")
	}
	return b.send(req)
}

func TestLinkDoesNotGrow(t *testing.T) {
	t.Parallel()
	b := shelf(t)
	link, _ := next(b.do("GET", "/tokens/v2/alice", b.all, "", "limit", "1"))
	// Mapbox's JavaScript SDK sends this request.
	again, _ := next(b.follow(link + "&limit=1&access_token=" + b.all))
	u, err := url.Parse(again)
	if err != nil {
		t.Fatal("the Link is no address")
	}
	for name, values := range u.Query() {
		if len(values) != 1 {
			t.Errorf("%s is repeated", name)
		}
	}
}

func TestPagesSurviveDeletion(t *testing.T) {
	t.Parallel()
	b := shelf(t)
	a := b.do("GET", "/tokens/v2/alice", b.all, "", "limit", "3")
	if err := b.sim.Revoke("alice", a.column("id")[2]); err != nil {
		t.Fatal(err)
	}
	link, _ := next(a)
	if got, want := b.follow(link).column("note"), []string{"b", "c", "d"}; !slices.Equal(got,
		want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestPageWithoutLimit(t *testing.T) {
	t.Parallel()
	b := newTestSimulator(t, mapbox.Config{})
	for range 99 {
		b.issue("alice", "styles:read")
	}
	a := b.do("GET", "/tokens/v2/alice", b.all, "")
	link, more := next(a)
	if len(a.rows) != 100 || !more {
		t.Fatalf("%d tokens on the first page, more: %t", len(a.rows), more)
	}
	if rest := len(b.follow(link).rows); rest != 1 {
		t.Errorf("%d tokens on the second page, want 1", rest)
	}
}

func TestListLag(t *testing.T) {
	t.Parallel()
	b := newTestSimulator(t, mapbox.Config{ListLag: 3 * time.Second})
	made := b.create(`{"note":"late","scopes":[]}`)
	listed := func() bool {
		return slices.Contains(b.do("GET", "/tokens/v2/alice", b.all, "").column("note"), "late")
	}
	if listed() || b.verdict(made.text("token")) != "TokenValid" ||
		len(b.sim.Tokens("alice")) != 3 {
		t.Error("a token at once is in the list, or does not work, or is not in Tokens")
	}
	b.sim.Advance(3*time.Second - time.Millisecond)
	if listed() {
		t.Error("the token is in the list too early")
	}
	b.sim.Advance(time.Millisecond)
	if !listed() {
		t.Error("the token is not in the list after the lag")
	}
}
