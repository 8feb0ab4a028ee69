package tokensource_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/tokenmint/tokenmint/pkg/tokensource"
)

// startMint starts a stand-in for a mint, and one for Mapbox that prints what it gets.
func startMint() (mint, mapbox *httptest.Server) {
	mint = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/public/tokens/public-map" && r.Header.Get("Authorization") == "" {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"message":"no rule allows you","code":"caller_not_allowed"}`)
			return
		}
		fmt.Fprint(w, `{"token":"tk.eyJ1.c2ln","expires_in":3599}`)
	}))
	mapbox = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println(r.URL)
	}))
	return mint, mapbox
}

// A client whose requests to Mapbox have a token. Requests to other hosts have none.
func Example() {
	mint, mapbox := startMint()
	defer mint.Close()
	defer mapbox.Close()

	source, err := tokensource.New(tokensource.Options{
		URL:   mint.URL + "/public/tokens/public-map",
		Hosts: []string{mapbox.Listener.Addr().String()}, // not needed for api.mapbox.com
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	client := &http.Client{Transport: source.Transport(nil)}

	address := mapbox.URL + "/styles/v1/mapbox/streets-v12?fresh=true"
	reply, err := client.Get(address) //nolint:noctx // an example
	if err != nil {
		fmt.Println(err)
		return
	}
	reply.Body.Close()
	// Output: /styles/v1/mapbox/streets-v12?fresh=true&access_token=tk.eyJ1.c2ln
}

// A token for another library. Ask for it before each use: the source renews it in time.
func ExampleSource_Token() {
	mint, mapbox := startMint()
	defer mint.Close()
	defer mapbox.Close()

	source, err := tokensource.New(tokensource.Options{
		URL:     mint.URL + "/jwt/tokens",
		Profile: "web-map",
		Authorization: func(_ context.Context, _ bool) (string, error) {
			return "Bearer " + "the user's JWT", nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	token, _, err := source.Token(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("to print it is safe:", token)
	fmt.Println("to send it:", token.Reveal())
	// Output:
	// to print it is safe: tk.[redacted bd5434a97b08]
	// to send it: tk.eyJ1.c2ln
}

// Mapbox has answered 401: the token is revoked. The next call of Token gets another one.
func ExampleSource_Invalidate() {
	mint, mapbox := startMint()
	defer mint.Close()
	defer mapbox.Close()

	source, err := tokensource.New(tokensource.Options{
		URL:  mint.URL + "/public/tokens/public-map",
		Wait: time.Second,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	token, _, err := source.Token(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	source.Invalidate(token)

	_, _, err = source.Token(context.Background())
	fmt.Println(err)
	// Output:
	// tokensource: wait_over: no token within 1s: token_refused: the mint repeats a refused token
}

// The mint refuses, and says why.
func ExampleError() {
	mint, mapbox := startMint()
	defer mint.Close()
	defer mapbox.Close()

	source, err := tokensource.New(tokensource.Options{URL: mint.URL + "/tokens"})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, _, err = source.Token(context.Background())
	if refused, ok := errors.AsType[*tokensource.Error](err); ok && refused.IsRefusal() {
		fmt.Println(refused.Status, refused.Code, refused.Message)
	}
	// Output: 403 caller_not_allowed no rule allows you
}
