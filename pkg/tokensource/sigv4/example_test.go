package sigv4_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/tokenmint/tokenmint/pkg/tokensource"
	"github.com/tokenmint/tokenmint/pkg/tokensource/sigv4"
)

// A source that signs its requests. On AWS, and with a configured AWS CLI, sigv4.Options{} is
// enough: the SDK's default chain finds the credentials, and the address names the region.
func Example() {
	mint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scope, _, _ := strings.Cut(r.Header.Get("Authorization"), ", ")
		_, scope, _ = strings.Cut(scope, "/")
		_, scope, _ = strings.Cut(scope, "/") // without the date
		fmt.Println("signed for", scope)
		fmt.Fprint(w, `{"token":"tk.eyJ1.c2ln","expires_in":3599}`)
	}))
	defer mint.Close()

	signer, err := sigv4.New(context.Background(), sigv4.Options{
		Region: "eu-west-1",
		Credentials: aws.CredentialsProviderFunc(
			func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"}, nil
			}),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	source, err := tokensource.New(tokensource.Options{
		URL:    mint.URL + "/tokens",
		Client: &http.Client{Transport: signer},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	token, _, err := source.Token(context.Background())
	fmt.Println(token, err)
	// Output:
	// signed for eu-west-1/execute-api/aws4_request
	// tk.[redacted bd5434a97b08] <nil>
}
