package tokens_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// conditions are all conditions, by name, as in the table of the package comment.
var conditions = map[string]error{
	"ErrUnauthorized":       tokens.ErrUnauthorized,
	"ErrForbidden":          tokens.ErrForbidden,
	"ErrNotFound":           tokens.ErrNotFound,
	"ErrNoSuchUser":         tokens.ErrNoSuchUser,
	"ErrInvalidRequest":     tokens.ErrInvalidRequest,
	"ErrScopes":             tokens.ErrScopes,
	"ErrResources":          tokens.ErrResources,
	"ErrExpiryPast":         tokens.ErrExpiryPast,
	"ErrExpiryTooFar":       tokens.ErrExpiryTooFar,
	"ErrExpiryBeyondParent": tokens.ErrExpiryBeyondParent,
	"ErrRateLimited":        tokens.ErrRateLimited,
}

// matched returns the names of the conditions that err matches.
func matched(err error) []string {
	names := []string{}
	for name, condition := range conditions {
		if errors.Is(err, condition) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func TestConditions(t *testing.T) {
	t.Parallel()
	const beyond = "expires may not be greater than the expiration of the authorizing token"
	const far = "expires is more than one hour in the future"
	tests := []struct {
		status  int
		message string
		want    string // names of the conditions
	}{
		{401, "Unauthorized", "ErrUnauthorized"},
		{401, "", "ErrUnauthorized"},
		{401, "scopes are invalid", "ErrUnauthorized"}, // the status decides first
		{403, "Forbidden", "ErrForbidden"},
		{404, "Not Found", "ErrNotFound"},
		{404, "Not found", "ErrNotFound"},
		{404, "", "ErrNotFound"},
		{404, "No such user", "ErrNoSuchUser ErrNotFound"},
		{404, "NO SUCH USER: jane.", "ErrNoSuchUser ErrNotFound"},
		{404, "expires is in the past", "ErrNotFound"},
		{422, "", "ErrInvalidRequest"},
		{422, "usage must be pk or sk", "ErrInvalidRequest"},
		{422, "No such user", "ErrInvalidRequest"},
		{422, "scopes are invalid", "ErrInvalidRequest ErrScopes"},
		{422, "Scopes are invalid.", "ErrInvalidRequest ErrScopes"},
		{422, "SCOPES_INVALID", "ErrInvalidRequest ErrScopes"},
		{422, "resources are invalid", "ErrInvalidRequest ErrResources"},
		{422, "expires is in the past", "ErrExpiryPast ErrInvalidRequest"},
		{422, "Expires: In the past!", "ErrExpiryPast ErrInvalidRequest"},
		{422, "the expiry lies in the past", "ErrExpiryPast ErrInvalidRequest"},
		{422, "the note lies in the past", "ErrInvalidRequest"},
		{422, far, "ErrExpiryTooFar ErrInvalidRequest"},
		{422, "Expiration must be within 1 hour", "ErrExpiryTooFar ErrInvalidRequest"},
		{422, beyond, "ErrExpiryBeyondParent ErrInvalidRequest"},
		{422, "scopes are invalid; " + far, "ErrExpiryTooFar ErrInvalidRequest ErrScopes"},
		{429, "Too Many Requests", "ErrRateLimited"},
		{429, "", "ErrRateLimited"},
		{400, "scopes are invalid", ""},
		{409, "Not Found", ""},
		{500, "scopes are invalid", ""},
		{302, "Not Found", ""},
	}
	for _, test := range tests {
		t.Run(fmt.Sprint(test.status, " ", test.message), func(t *testing.T) {
			t.Parallel()
			client := newClient(t, answer(test.status, `{"message":"`+test.message+`"}`))
			_, err := client.Create(t.Context(), jane, tokens.CreateRequest{})
			wrapped := fmt.Errorf("create: %w", err)
			if got := strings.Join(matched(wrapped), " "); got != test.want {
				t.Errorf("conditions %q, want %q", got, test.want)
			}
		})
	}
}

// TestOtherErrorsMatchNoCondition tries errors without a reply, and a condition by itself.
func TestOtherErrorsMatchNoCondition(t *testing.T) {
	t.Parallel()
	_, broken := newClient(t, abort).Retrieve(t.Context(), parent)
	argument := newClient(t, abort).Delete(t.Context(), jane, "")
	for _, err := range []error{nil, broken, argument, errors.New("Not Found"), &tokens.Error{}} {
		if got := matched(err); len(got) != 0 {
			t.Errorf("%v matches %v", err, got)
		}
	}
	if got := matched(tokens.ErrNoSuchUser); !slices.Equal(got, []string{"ErrNoSuchUser"}) {
		t.Errorf("ErrNoSuchUser matches %v", got)
	}
}

// TestConditionsInPackageComment compares the table of the package comment with the conditions:
// names, statuses and sentences.
func TestConditionsInPackageComment(t *testing.T) {
	t.Parallel()
	rows := map[string][]string{} // name -> status and the words of the sentence
	name := ""
	for _, line := range packageComment(t) {
		if !strings.HasPrefix(line, "\t") {
			name = "" // the table is one block
			continue
		}
		fields := strings.Fields(line)
		if strings.HasPrefix(fields[0], "Err") {
			name, fields = fields[0], fields[1:]
		}
		if name != "" {
			rows[name] = append(rows[name], fields...)
		}
	}
	for name, condition := range conditions {
		row := rows[name]
		if len(row) < 2 {
			t.Errorf("%s has no row", name)
			continue
		}
		var status int
		_, _ = fmt.Sscan(row[0], &status)
		err := &tokens.Error{Status: status, Message: condition.Error()}
		if !errors.Is(err, condition) {
			t.Errorf("%s does not match its status %d and its own sentence %q", name,
				status, condition)
		}
		sentence := strings.TrimSuffix(strings.Join(row[1:], " "), ", or any other")
		if sentence != "any" && sentence != condition.Error() {
			t.Errorf("%s: the table says %q, the condition says %q", name, sentence, condition)
		}
	}
	if len(rows) != len(conditions) {
		t.Errorf("the table has %d rows, want %d", len(rows), len(conditions))
	}
}

// packageComment returns the lines of the package comment without their slashes.
func packageComment(t *testing.T) []string {
	t.Helper()
	source, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	comment, _, _ := strings.Cut(string(source), "\npackage tokens")
	lines := strings.Split(comment, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimPrefix(strings.TrimPrefix(line, "//"), " ")
	}
	return lines
}
