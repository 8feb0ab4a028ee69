package tokens_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// issue is the sample of the package comment. TestSampleInPackageComment compares the two.
func issue(ctx context.Context, auth tokens.Auth) (tokens.Temporary, error) {
	client, err := tokens.New(tokens.Config{
		BaseURL:   os.Getenv("TOKENS_API_URL"), // empty: https://api.mapbox.com
		UserAgent: "shop/1.2",
	})
	if err != nil {
		return tokens.Temporary{}, err
	}
	temporary, err := client.CreateTemporary(ctx, auth, tokens.TemporaryRequest{
		Scopes:  []string{"styles:read", "fonts:read"},
		Expires: time.Now().Add(30 * time.Minute),
	})
	if errors.Is(err, tokens.ErrUnauthorized) {
		return tokens.Temporary{}, fmt.Errorf("replace the parent token: %w", err)
	}
	return temporary, err
}

func Example() {
	server := httptest.NewServer(reply(200, `{"token":"tk.eyJ1IjoiamFuZSJ9.x",
		"issued_at":"2026-01-02T03:04:05.000Z","expires":"2026-01-02T04:04:05.000Z"}`))
	defer server.Close()
	_ = os.Setenv("TOKENS_API_URL", server.URL)
	defer func() { _ = os.Unsetenv("TOKENS_API_URL") }()

	parent := tokens.NewToken("sk.eyJ1IjoiamFuZSIsImEiOiJjazEifQ.x") // from a secret store
	auth := tokens.Auth{Token: parent, Username: "jane"}
	temporary, err := issue(context.Background(), auth)
	fmt.Println(temporary.Token, err)
	// Output: tk.[redacted 511348e14fc9] <nil>
}

// The sample in the package comment is the function that Example runs.
func TestSampleInPackageComment(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var sample []string
	for _, line := range packageComment(t) {
		if after, found := strings.CutPrefix(line, "\t"); found {
			sample = append(sample, after)
		} else if len(sample) > 0 {
			break
		}
	}
	text := strings.Join(sample, "\n")
	if text == "" || !strings.Contains(string(source), "\n"+text+"\n") {
		t.Errorf("example_test.go does not contain the sample of the package comment:\n%s", text)
	}
}

// reply answers every request in the same way.
func reply(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// mapbox stands in for https://api.mapbox.com in the other examples.
func mapbox(status int, body string) (client *tokens.Client, done func()) {
	server := httptest.NewServer(reply(status, body))
	client, err := tokens.New(tokens.Config{BaseURL: server.URL})
	if err != nil {
		panic(err)
	}
	return client, server.Close
}

func ExampleClient_CreateTemporary() {
	client, done := mapbox(200, `{"token":"tk.eyJ1IjoiamFuZSJ9.x",
		"issued_at":"2026-01-02T03:04:05.000Z","expires":"2026-01-02T04:04:05.000Z"}`)
	defer done()

	parent := tokens.NewToken("sk.eyJ1IjoiamFuZSIsImEiOiJjazEifQ.x") // from a secret store
	auth := tokens.Auth{Token: parent, Username: "jane"}
	request := tokens.TemporaryRequest{
		Scopes:  []string{"styles:read", "fonts:read"},
		Expires: time.Date(2026, 1, 2, 4, 4, 5, 0, time.UTC),
	}
	temporary, err := client.CreateTemporary(context.Background(), auth, request)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("log:", temporary.Token, "until", temporary.Expires.Format(time.TimeOnly))
	fmt.Println("hand out:", temporary.Token.Reveal())
	// Output:
	// log: tk.[redacted 511348e14fc9] until 04:04:05
	// hand out: tk.eyJ1IjoiamFuZSJ9.x
}

func ExampleClient_List() {
	client, done := mapbox(200, `[
		{"id":"ck1","usage":"pk","note":"website"},
		{"id":"ck2","usage":"pk","note":"kiosk"}]`)
	defer done()

	parent := tokens.NewToken("sk.eyJ1IjoiamFuZSIsImEiOiJjazEifQ.x")
	auth := tokens.Auth{Token: parent, Username: "jane"}
	public := tokens.ListOptions{Usage: tokens.UsagePublic}
	for token, err := range client.List(context.Background(), auth, public) {
		if err != nil {
			fmt.Println(err) // the list is incomplete
			return
		}
		fmt.Println(token.ID, token.Note)
	}
	// Output:
	// ck1 website
	// ck2 kiosk
}

// A Create is repeated only when it certainly did not happen.
func ExampleOutcomeOf() {
	client, done := mapbox(500, `{"message":"Internal Server Error"}`)
	defer done()

	parent := tokens.NewToken("sk.eyJ1IjoiamFuZSIsImEiOiJjazEifQ.x")
	auth := tokens.Auth{Token: parent, Username: "jane"}
	_, err := client.Create(context.Background(), auth, tokens.CreateRequest{
		Scopes: []string{"uploads:read"}, Note: "rotation 7f3a",
	})
	fmt.Println(err)
	if tokens.OutcomeOf(err) != tokens.OutcomeDidNotHappen {
		fmt.Println(`list, and delete the token with the note "rotation 7f3a"`)
	}
	// Output:
	// create token at /tokens/v2/jane: status 500: Internal Server Error
	// list, and delete the token with the note "rotation 7f3a"
}

func ExampleError() {
	client, done := mapbox(404, `{"message":"Not Found"}`)
	defer done()

	parent := tokens.NewToken("sk.eyJ1IjoiamFuZSIsImEiOiJjazEifQ.x")
	auth := tokens.Auth{Token: parent, Username: "jane"}
	err := client.Delete(context.Background(), auth, "ck2")
	if e, ok := errors.AsType[*tokens.Error](err); ok {
		fmt.Println(e.Op, e.Status, e.Message, e.Outcome)
	}
	fmt.Println(errors.Is(err, tokens.ErrNotFound), errors.Is(err, tokens.ErrNoSuchUser))
	// Output:
	// delete token 404 Not Found did not happen
	// true false
}

func ExampleClient_Update() {
	client, done := mapbox(200,
		`{"id":"ck1","usage":"pk","note":"website","scopes":["styles:read"]}`)
	defer done()

	parent := tokens.NewToken("sk.eyJ1IjoiamFuZSIsImEiOiJjazEifQ.x")
	auth := tokens.Auth{Token: parent, Username: "jane"}
	token, err := client.Update(context.Background(), auth, "ck1", tokens.UpdateRequest{
		Note:              new("website"),
		RemoveAllowedURLs: true,
	})
	fmt.Println(token.Note, token.AllowedURLs, err)
	// Output: website [] <nil>
}

func ExampleClient_Retrieve() {
	client, done := mapbox(200, `{"code":"TokenRevoked",
		"token":{"usage":"sk","user":"jane","authorization":"ck1"}}`)
	defer done()

	token := tokens.NewToken("sk.eyJ1IjoiamFuZSIsImEiOiJjazEifQ.x")
	retrieved, err := client.Retrieve(context.Background(), token)
	fmt.Println(retrieved.Verdict == tokens.VerdictRevoked, retrieved.ID, err)
	// Output: true ck1 <nil>
}

func ExampleToken() {
	token := tokens.NewToken("sk.eyJ1IjoiamFuZSIsImEiOiJjazEifQ.x")
	fmt.Printf("%v\n%#v\n", token, token)
	claims, err := token.Decode()
	fmt.Println(claims.User, claims.ID, err)
	// Output:
	// sk.[redacted 51febd358d5a]
	// sk.[redacted 51febd358d5a]
	// jane ck1 <nil>
}

func ExampleClient_RateLimit() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Rate-Limit-Limit", "100")
		w.Header().Set("X-Rate-Limit-Interval", "60")
		_, _ = io.WriteString(w, `{"code":"TokenValid"}`)
	}))
	defer server.Close()
	client, err := tokens.New(tokens.Config{BaseURL: server.URL})
	if err != nil {
		panic(err)
	}

	token := tokens.NewToken("sk.eyJ1IjoiamFuZSIsImEiOiJjazEifQ.x")
	_, err = client.Retrieve(context.Background(), token)
	limit := client.RateLimit()
	fmt.Println(limit.Limit, "requests in", limit.Interval, err)
	// Output: 100 requests in 1m0s <nil>
}
