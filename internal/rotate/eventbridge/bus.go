// Package eventbridge is the adapter of [rotate.Announce] to Amazon EventBridge.
//
// It signs its one call itself. The SDK's client of EventBridge would make the function 0.4 MB
// larger. It would also delay the start of both functions, which share package setup.
package eventbridge

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"github.com/tokenmint/tokenmint/internal/rotate"
)

// Source is the source of all events.
const Source = "tokenmint"

const (
	attempts  = 3
	pause     = 200 * time.Millisecond // before the second attempt; then twice as long
	callLimit = 10 * time.Second       // of one attempt
	maxReply  = 64 << 10               // bytes
)

// bus is the default bus of the account.
type bus struct {
	config aws.Config
	client aws.HTTPClient
	url    string
	signer *v4.Signer
}

// Open returns a function that publishes on the default bus of the account. It repeats a call that
// certainly or perhaps failed, so an event may repeat. Open makes no request.
func Open(config aws.Config) rotate.Announce {
	b := bus{config: config, client: config.HTTPClient, signer: v4.NewSigner()}
	if b.client == nil {
		b.client = awshttp.NewBuildableClient()
	}
	suffix := "amazonaws.com"
	if strings.HasPrefix(config.Region, "cn-") {
		suffix += ".cn"
	}
	b.url = cmp.Or(aws.ToString(config.BaseEndpoint), "https://events."+config.Region+"."+suffix)
	return b.announce
}

// entry is one event of a PutEvents. Without a bus it goes to the default one.
// Source: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
type entry struct {
	Source     string
	DetailType string
	Detail     string
	Resources  []string
}

func (b bus) announce(ctx context.Context, a rotate.Announcement) error {
	detail, err := json.Marshal(a)
	if err != nil {
		return err
	}
	body, err := json.Marshal(map[string][]entry{
		"Entries": {{Source, a.Kind, string(detail), []string{a.SecretARN}}},
	})
	if err != nil {
		return err
	}
	for attempt, wait := 1, pause; ; attempt, wait = attempt+1, 2*wait {
		retry, err := b.put(ctx, body)
		if err == nil {
			return nil
		}
		if !retry || attempt == attempts {
			return fmt.Errorf("put event: %w", err)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return fmt.Errorf("put event: %w", err)
		}
	}
}

// put makes one call. retry says that another one may succeed.
func (b bus) put(ctx context.Context, body []byte) (retry bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.url, bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	req.Header.Set("X-Amz-Target", "AWSEvents.PutEvents")
	keys, err := b.config.Credentials.Retrieve(ctx)
	if err != nil {
		return true, err
	}
	sum := sha256.Sum256(body)
	if err := b.signer.SignHTTP(ctx, keys, req, hex.EncodeToString(sum[:]), "events",
		b.config.Region, time.Now()); err != nil {
		return false, err
	}
	reply, err := b.client.Do(req)
	if err != nil {
		return true, err
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(io.LimitReader(reply.Body, maxReply))
	if err != nil {
		return true, err
	}
	return accepted(reply.StatusCode, text)
}

// accepted returns nil if the bus took the one event. The service answers 200 also to an event that
// it refuses.
func accepted(status int, text []byte) (retry bool, err error) {
	var reply struct {
		FailedEntryCount *int
		Entries          []struct{ EventID, ErrorCode, ErrorMessage string }
		Type             string `json:"__type"`
		Message          string `json:"message"`
	}
	decodeErr := json.Unmarshal(text, &reply)
	retry = status >= 500 || status == http.StatusTooManyRequests ||
		strings.Contains(reply.Type, "Throttling")
	switch {
	case status != http.StatusOK:
		return retry, fmt.Errorf("status %d: %s: %s", status, reply.Type, reply.Message)
	case decodeErr != nil, reply.FailedEntryCount == nil, len(reply.Entries) != 1:
		return true, errors.New("the reply is not that of PutEvents")
	case *reply.FailedEntryCount != 0:
		refused := reply.Entries[0]
		return true, fmt.Errorf("the bus refused it: %s: %s", refused.ErrorCode,
			refused.ErrorMessage)
	}
	return false, nil
}
