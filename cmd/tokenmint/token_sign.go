package main

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"time"

	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/smithy-go/logging"

	"github.com/tokenmint/tokenmint/pkg/tokensource/sigv4"
)

// localLimit bounds the search for credentials that dev does not need.
const localLimit = 5 * time.Second

// signingClient returns a client that signs with the credentials of the default chain. A mint on
// this machine is `dev`, which checks no signature: without credentials nothing is signed there.
func signingClient(
	ctx context.Context, address *url.URL, getenv func(string) string,
) (*http.Client, error) {
	options := sigv4.Options{Region: sigv4.Region(address.Hostname())}
	if isLocalHost(address.Hostname()) {
		// The SDK asks the metadata service of an instance last, which takes seconds.
		ctx, cancel := context.WithTimeout(ctx, localLimit)
		defer cancel()
		cfg, err := awsconfig.LoadDefaultConfig(ctx, awsconfig.WithLogger(logging.Nop{}),
			awsconfig.WithEC2IMDSClientEnableState(imds.ClientDisabled))
		if err != nil {
			return nil, nil // dev needs no AWS configuration
		}
		if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
			return nil, nil
		}
		options.Region, options.Credentials = cmp.Or(cfg.Region, "us-east-1"), cfg.Credentials
	} else {
		cfg, err := loadChain(ctx, getenv, options.Region)
		if err != nil {
			return nil, err
		}
		options.Region, options.Credentials = cfg.Region, cfg.Credentials
	}
	signer, err := sigv4.New(ctx, options)
	if err != nil {
		return nil, err
	}
	return &http.Client{Transport: signer}, nil
}
