package tokens_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// mapbox stands in for https://api.mapbox.com in the examples: it gives one answer to everything.
func mapbox(status int, body string) (client *tokens.Client, done func()) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	client, err := tokens.New(tokens.Config{BaseURL: server.URL})
	if err != nil {
		panic(err)
	}
	return client, server.Close
}

func ExampleClient_CreateTemporary() {
	client, done := mapbox(200, `{"token":"tk.eyJ1IjoiamFuZSJ9.x","issued_at":"2026-01-02T03:04:05.000Z","expires":"2026-01-02T04:04:05.000Z"}`)
	defer done()

	parent := tokens.NewToken("sk.eyJ1IjoiamFuZSIsImEiOiJjazEifQ.x") // from a secret store
	temporary, err := client.CreateTemporary(context.Background(), parent, "jane", tokens.TemporaryRequest{
		Scopes:  []string{"styles:read", "fonts:read"},
		Expires: time.Date(2026, 1, 2, 4, 4, 5, 0, time.UTC),
	})
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
	client, done := mapbox(200, `[{"id":"ck1","usage":"pk","note":"website"},{"id":"ck2","usage":"pk","note":"kiosk"}]`)
	defer done()

	auth := tokens.NewToken("sk.eyJ1IjoiamFuZSIsImEiOiJjazEifQ.x")
	for token, err := range client.List(context.Background(), auth, "jane", tokens.ListOptions{Usage: tokens.UsagePublic}) {
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

// A creation whose outcome is not certain must not be repeated blindly.
func ExampleOutcomeOf() {
	client, done := mapbox(500, `{"message":"Internal Server Error"}`)
	defer done()

	auth := tokens.NewToken("sk.eyJ1IjoiamFuZSIsImEiOiJjazEifQ.x")
	_, err := client.Create(context.Background(), auth, "jane", tokens.CreateRequest{
		Scopes: []string{"uploads:read"}, Note: "rotation 7f3a",
	})
	fmt.Println(err)
	if tokens.OutcomeOf(err) != tokens.DidNotHappen {
		fmt.Println(`list, and delete what bears the note "rotation 7f3a"`)
	}
	// Output:
	// create token at /tokens/v2/jane: status 500: Internal Server Error
	// list, and delete what bears the note "rotation 7f3a"
}

func ExampleError() {
	client, done := mapbox(404, `{"message":"Not Found"}`)
	defer done()

	auth := tokens.NewToken("sk.eyJ1IjoiamFuZSIsImEiOiJjazEifQ.x")
	err := client.Delete(context.Background(), auth, "jane", "ck2")
	fmt.Println(err)
	if e, ok := errors.AsType[*tokens.Error](err); ok {
		fmt.Println(e.Status, e.Outcome)
	}
	// Output:
	// delete token at /tokens/v2/jane/ck2: status 404: Not Found (Mapbox also answers so when the authorising token lacks the scope tokens:write)
	// 404 did not happen
}

func ExampleClient_Update() {
	client, done := mapbox(200, `{"id":"ck1","usage":"pk","note":"website","scopes":["styles:read"]}`)
	defer done()

	auth := tokens.NewToken("sk.eyJ1IjoiamFuZSIsImEiOiJjazEifQ.x")
	token, err := client.Update(context.Background(), auth, "jane", "ck1", tokens.UpdateRequest{
		Note:        tokens.Set("website"),
		AllowedURLs: tokens.Remove[[]string](),
	})
	fmt.Println(token.Note, token.AllowedURLs, err)
	// Output: website [] <nil>
}

func ExampleClient_Retrieve() {
	client, done := mapbox(200, `{"code":"TokenRevoked","token":{"usage":"sk","user":"jane","authorization":"ck1"}}`)
	defer done()

	retrieved, err := client.Retrieve(context.Background(), tokens.NewToken("sk.eyJ1IjoiamFuZSIsImEiOiJjazEifQ.x"))
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
