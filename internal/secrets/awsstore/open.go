package awsstore

import (
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/tokenmint/tokenmint/internal/environment"
)

// Open returns a store with a client of its own. It dials nothing.
func Open(a environment.AWS) *Store {
	if a.Loaded != nil {
		return New(secretsmanager.NewFromConfig(*a.Loaded))
	}
	// Lambda freezes an instance between requests. By the time it thaws, the other side may have closed an idle connection.
	short := func(t *http.Transport) { t.IdleConnTimeout = 30 * time.Second }
	options := secretsmanager.Options{
		Region:      a.Region,
		Credentials: a.Credentials,
		HTTPClient:  awshttp.NewBuildableClient().WithTransportOptions(short),
	}
	if a.SecretsManagerEndpoint != "" {
		options.BaseEndpoint = aws.String(a.SecretsManagerEndpoint)
	}
	return New(secretsmanager.New(options))
}
