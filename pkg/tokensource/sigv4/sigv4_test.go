package sigv4_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/tokenmint/tokenmint/pkg/tokensource/sigv4"
)

func TestRegion(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{
		"abc123.execute-api.eu-west-1.amazonaws.com":        "eu-west-1",
		"ABC123.Execute-API.eu-west-1.amazonaws.com":        "eu-west-1",
		"abc123.execute-api.cn-north-1.amazonaws.com.cn":    "cn-north-1",
		"abc-vpce-1.execute-api.us-east-2.amazonaws.com":    "us-east-2",
		"vpce-1-a.execute-api.us-east-2.vpce.amazonaws.com": "us-east-2",
		"abc123.execute-api.us-gov-west-1.amazonaws.com":    "us-gov-west-1",
		"mint.example.com": "",
		"abc123.execute-api.eu-west-1.amazonaws.com.evil.net": "",
		"127.0.0.1": "",
	} {
		if got := sigv4.Region(host); got != want {
			t.Errorf("%s is in %q, want %q", host, got, want)
		}
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func static(session string, err error) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "s",
			SessionToken: session}, err
	})
}

// The region in the address is preferred to that of the chain, and a given one to both.
func TestTransportSignsForTheRegion(t *testing.T) {
	t.Setenv("AWS_REGION", "ap-south-1")
	for name, tc := range map[string]struct{ host, given, want string }{
		"of the address": {"a.execute-api.eu-west-1.amazonaws.com", "", "/eu-west-1/execute-api/"},
		"given":          {"a.execute-api.eu-west-1.amazonaws.com", "eu-west-3", "/eu-west-3/"},
		"of the chain":   {"mint.example.com", "", "/ap-south-1/execute-api/"},
	} {
		t.Run(name, func(t *testing.T) {
			var sent *http.Request
			var text []byte
			signer, err := sigv4.New(t.Context(), sigv4.Options{
				Region: tc.given, Credentials: static("session", nil),
				Base: roundTrip(func(r *http.Request) (*http.Response, error) {
					var err error
					sent = r
					text, err = io.ReadAll(r.Body)
					return &http.Response{StatusCode: 200, Body: http.NoBody}, err
				})})
			if err != nil {
				t.Fatal(err)
			}
			req := httptest.NewRequest(http.MethodPost, "https://"+tc.host+"/tokens",
				strings.NewReader("{}"))
			reply, err := signer.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			defer reply.Body.Close()
			header := sent.Header.Get("Authorization")
			if !strings.Contains(header, tc.want) || string(text) != "{}" ||
				sent.Header.Get("X-Amz-Security-Token") != "session" || sent.ContentLength != 2 {
				t.Errorf("%s", header)
			}
			if req.Header.Get("Authorization") != "" {
				t.Error("the caller's own request was changed")
			}
		})
	}
}

func TestTransportWithoutCredentialsSendsNothing(t *testing.T) {
	t.Parallel()
	none := errors.New("no EC2 IMDS role found")
	signer, err := sigv4.New(t.Context(), sigv4.Options{Region: "eu-west-1",
		Credentials: static("", none),
		Base: roundTrip(func(*http.Request) (*http.Response, error) {
			t.Error("the request was sent")
			return nil, none
		})})
	if err != nil {
		t.Fatal(err)
	}
	req := httptest.NewRequest(http.MethodGet, "https://mint.example/", nil)
	reply, err := signer.RoundTrip(req)
	if reply != nil {
		reply.Body.Close()
	}
	if !errors.Is(err, none) {
		t.Error(err)
	}
}
