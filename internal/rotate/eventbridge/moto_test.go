//go:build moto

package eventbridge_test

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/tokenmint/tokenmint/internal/rotate/eventbridge"
	"github.com/tokenmint/tokenmint/internal/testkit/moto"
)

// TestMoto: an independent double takes the event, and refuses one without a detail-type with
// status 200.
func TestMoto(t *testing.T) {
	t.Parallel()
	endpoint := moto.Endpoint(t)
	announce := eventbridge.Open(aws.Config{
		Region: "us-east-1", BaseEndpoint: &endpoint,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	})
	if err := announce(t.Context(), promoted); err != nil {
		t.Error(err)
	}
	wrong := promoted
	wrong.Kind = ""
	if err := announce(t.Context(), wrong); err == nil ||
		!strings.Contains(err.Error(), "the bus refused it") {
		t.Errorf("without a detail-type: error is %v", err)
	}
}
