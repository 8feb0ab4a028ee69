package bench

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/tokenmint/tokenmint/internal/setup"
)

// Handler measures the mint's handler alone, in this process, with a token that it shares: from the
// event to the reply, audit record and metrics included.
func (l *Lab) Handler(b *testing.B) {
	env := map[string]string{}
	for _, variable := range l.Subject(Memory).env {
		name, value, _ := strings.Cut(variable, "=")
		env[name] = value
	}
	parts, err := setup.FromEnvironment(func(name string) string { return env[name] }, io.Discard)
	if err != nil {
		b.Fatal(err)
	}
	handler, err := setup.Mint(parts)
	if err != nil {
		b.Fatal(err)
	}
	// As the runtime hands it over.
	ctx, cancel := context.WithTimeout(b.Context(), time.Hour)
	defer cancel()
	ctx = lambdacontext.NewContext(ctx,
		&lambdacontext.LambdaContext{AwsRequestID: "00000000-0000-4000-8000-000000000001"})

	b.ReportAllocs()
	for b.Loop() {
		if reply, err := handler.HandleJSON(ctx, l.event); err != nil ||
			reply.StatusCode != http.StatusOK {
			b.Fatalf("status %d, error: %v", reply.StatusCode, err)
		}
	}
}
