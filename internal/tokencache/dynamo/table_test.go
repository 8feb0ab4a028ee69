package dynamo_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/tokenmint/tokenmint/internal/tokencache"
	"github.com/tokenmint/tokenmint/internal/tokencache/dynamo"
)

const (
	key      = "c0ffee"
	sentinel = "U0VOVElORUw" // SENTINEL in base 64, as on the wire
)

var (
	now  = time.Date(2026, 1, 2, 15, 4, 5, 678_000_000, time.UTC) // 1767366245678
	keep = now.Add(time.Hour)                                     // 1767369845678
	one  = tokencache.Record{Sealed: []byte("SENTINEL"), Minted: now, Expires: keep}
)

// request is what the tests look at in a request to the service.
type request struct {
	Operation                 string `json:"-"`
	TableName                 string
	ConsistentRead            bool
	ConditionExpression       string
	UpdateExpression          string
	ExpressionAttributeNames  map[string]string
	ExpressionAttributeValues map[string]map[string]any
}

// service answers requests by one handler after the other, the last of them for ever, and keeps the
// requests.
type service struct {
	answers  []http.HandlerFunc
	mu       sync.Mutex
	requests []request
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	in := request{Operation: r.Header.Get("X-Amz-Target")}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		panic(err)
	}
	s.mu.Lock()
	answer := s.answers[min(len(s.requests), len(s.answers)-1)]
	s.requests = append(s.requests, in)
	s.mu.Unlock()
	answer(w, r)
}

// asked returns the requests so far.
func (s *service) asked() []request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// open returns a store, opened as a function does, whose table is at the service.
func open(t *testing.T, answers ...http.HandlerFunc) (*dynamo.Store, *service) {
	t.Helper()
	s := &service{answers: answers}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	keys := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
	})
	return dynamo.Open(
		aws.Config{Region: "us-east-1", Credentials: keys, BaseEndpoint: &server.URL}, "tokens"), s
}

// reply answers a request as the service does.
func reply(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.Header().Set("X-Amzn-Requestid", "request-7")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// conditionFailed is the refusal of a conditional write, because of this item.
func conditionFailed(item string) http.HandlerFunc {
	return reply(400, `{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
		"message":"The conditional request failed","Item":`+item+`}`)
}

func fault(status int, code string) http.HandlerFunc {
	return reply(
		status,
		`{"__type":"com.amazonaws.dynamodb.v20120810#`+code+`","message":"the service says why"}`)
}

// calls are the methods of a store, with what each says that it was doing.
var calls = []struct {
	doing string
	call  func(context.Context, *dynamo.Store) error
}{
	{"load record " + key, func(ctx context.Context, s *dynamo.Store) error {
		_, err := s.Load(ctx, key)
		return err
	}},
	{"take lease of " + key, func(ctx context.Context, s *dynamo.Store) error {
		return s.Lease(ctx, key, tokencache.Record{}, "a", now, keep)
	}},
	{"save record " + key, func(ctx context.Context,
		s *dynamo.Store) error {
		return s.Save(ctx, key, "a", one)
	}},
	{"release lease of " + key,
		func(ctx context.Context, s *dynamo.Store) error { return s.Release(ctx, key, "a") }},
	{"spend from budget#2026-01-02T15:04:00Z", func(ctx context.Context, s *dynamo.Store) error {
		_, err := s.Spend(
			ctx, tokencache.Spend{Now: now, Limit: 80, Profile: "web-map", ProfileLimit: 40})
		return err
	}},
	{"close budget#2026-01-02T15:04:00Z", func(ctx context.Context, s *dynamo.Store) error {
		return s.CloseBudget(ctx, now, now.Add(time.Second))
	}},
	{"read budget#2026-01-02T15:04:00Z", func(ctx context.Context, s *dynamo.Store) error {
		_, err := s.Ledger(ctx, now)
		return err
	}},
}
