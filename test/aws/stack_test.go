//go:build moto

package aws_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/tokenmint/tokenmint/internal/testkit/moto"
)

// createSecret creates the secret that CloudFormation would create, with the tag of the stack.
func createSecret(t *testing.T) string {
	t.Helper()
	endpoint := moto.Endpoint(t)
	client := secretsmanager.New(secretsmanager.Options{
		BaseEndpoint: &endpoint, Region: "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	})
	made, err := client.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
		Name: aws.String(t.Name()),
		Tags: []types.Tag{{Key: aws.String("tokenmint:test"), Value: aws.String(name)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return *made.ARN
}

func serve(t *testing.T, handler http.Handler) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// gateway stands for API Gateway in front of the mint of dev: its authorizers want credentials, and
// do not check them.
func gateway(t *testing.T, mint string) http.Handler {
	t.Helper()
	to, err := url.Parse(mint)
	if err != nil {
		t.Fatal(err)
	}
	next := httputil.NewSingleHostReverseProxy(to)
	refusals := map[string]int{
		"/tokens": http.StatusForbidden, "/jwt/tokens": http.StatusUnauthorized,
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if status := refusals[r.URL.Path]; status != 0 && r.Header.Get("Authorization") == "" {
			w.WriteHeader(status)
			return
		}
		if r.URL.Path == "/tokens" {
			r.Header.Del("Authorization")
			r.Header.Set("X-Dev-Authorizer",
				`{"iam":{"userArn":"arn:aws:iam::`+account+`:user/moto"}}`)
		}
		r.Host = to.Host
		next.ServeHTTP(w, r)
	})
}
