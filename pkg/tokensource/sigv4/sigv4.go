// Package sigv4 signs requests to a mint with AWS Signature Version 4. It uses the signer of the
// AWS SDK, and the SDK's default chain for credentials, profile and region.
//
//	signer, err := sigv4.New(ctx, sigv4.Options{})
//	source, err := tokensource.New(tokensource.Options{
//		URL:    "https://abc123.execute-api.eu-west-1.amazonaws.com/tokens",
//		Client: &http.Client{Transport: signer},
//	})
//
// The package is apart from tokensource, so that programs without AWS do not link the SDK.
package sigv4

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"
)

// service is the name that API Gateway's requests are signed for.
const service = "execute-api"

// maxBody is more than a mint accepts.
const maxBody = 64 << 10

// Options say how requests are signed. The zero value uses the SDK's default chain.
type Options struct {
	// Region is the mint's. "" means the one in the request's address, as in
	// abc123.execute-api.eu-west-1.amazonaws.com, and else that of the default chain.
	Region string
	// Credentials sign. nil means those of the default chain.
	Credentials aws.CredentialsProvider
	// Base sends the signed request. nil means [http.DefaultTransport].
	Base http.RoundTripper
}

// Transport signs each request and sends it. It is safe for concurrent use. Create it with [New].
type Transport struct {
	region      string // given; "" = that of the address
	fallback    string // for an address that names none
	credentials aws.CredentialsProvider
	base        http.RoundTripper
	signer      *v4.Signer
}

// New returns a transport. Unless Credentials and Region are given, it reads the variables and
// files of AWS's default chain. It asks nobody for credentials; the first request does.
func New(ctx context.Context, options Options) (*Transport, error) {
	t := &Transport{
		region:      options.Region,
		credentials: options.Credentials,
		base:        options.Base,
		signer:      v4.NewSigner(),
	}
	if t.base == nil {
		t.base = http.DefaultTransport
	}
	if t.region != "" && t.credentials != nil {
		return t, nil
	}
	chain, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("sigv4: load the AWS configuration: %w", err)
	}
	t.fallback = chain.Region
	if t.credentials == nil {
		t.credentials = chain.Credentials
	}
	return t, nil
}

// RoundTrip signs a copy of the request. Its errors contain no credentials.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := read(req)
	if err != nil {
		return nil, err
	}
	region, err := t.regionOf(req.URL.Hostname())
	if err != nil {
		return nil, err
	}
	if t.credentials == nil {
		return nil, errors.New("sigv4: the AWS configuration has no credentials")
	}
	credentials, err := t.credentials.Retrieve(req.Context())
	if err != nil {
		return nil, fmt.Errorf("sigv4: get AWS credentials: %w", err)
	}
	signed := req.Clone(req.Context())
	signed.Body, signed.ContentLength = http.NoBody, int64(len(body))
	if len(body) > 0 {
		signed.Body = io.NopCloser(bytes.NewReader(body))
	}
	sum := sha256.Sum256(body)
	err = t.signer.SignHTTP(req.Context(), credentials, signed, hex.EncodeToString(sum[:]),
		service, region, time.Now())
	if err != nil {
		return nil, fmt.Errorf("sigv4: sign: %w", err)
	}
	return t.base.RoundTrip(signed)
}

// read returns the body of a request and closes it.
func read(req *http.Request) ([]byte, error) {
	if req.Body == nil {
		return nil, nil
	}
	defer req.Body.Close()
	body, err := io.ReadAll(io.LimitReader(req.Body, maxBody+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("sigv4: read the body: %w", err)
	case len(body) > maxBody:
		return nil, errors.New("sigv4: the body is too large for a mint")
	}
	return body, nil
}

func (t *Transport) regionOf(host string) (string, error) {
	for _, region := range []string{t.region, Region(host), t.fallback} {
		if region != "" {
			return region, nil
		}
	}
	return "", errors.New("sigv4: the address names no AWS region: set AWS_REGION")
}

// apiHost matches the hosts of API Gateway, in each partition, also behind a VPC endpoint.
var apiHost = regexp.MustCompile(
	`^[a-z0-9-]+\.execute-api\.([a-z0-9-]+)\.(vpce\.)?(amazonaws\.com(\.cn)?|api\.aws)$`)

// Region returns the region that a host of API Gateway names, or "".
func Region(host string) string {
	if match := apiHost.FindStringSubmatch(strings.ToLower(host)); match != nil {
		return match[1]
	}
	return ""
}
