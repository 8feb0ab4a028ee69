package eventbridge_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/tokenmint/tokenmint/internal/rotate"
	"github.com/tokenmint/tokenmint/internal/rotate/eventbridge"
	simaws "github.com/tokenmint/tokenmint/internal/sim/aws"
)

const arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:p-AbCdEf"

var promoted = rotate.Announcement{
	Kind: rotate.TokenPromoted, Stack: "test", Name: "parent", SecretARN: arn,
	Version: "v2", TokenID: "ck1", Hash: "h",
	Deadline: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
}

// open returns an announcer to a server.
func open(t *testing.T, h http.Handler) rotate.Announce {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return eventbridge.Open(aws.Config{
		Region: "eu-west-1", BaseEndpoint: &server.URL, HTTPClient: server.Client(),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{
				AccessKeyID: "AKID", SecretAccessKey: "k", SessionToken: "s",
			}, nil
		}),
	})
}

func TestAnEventReachesTheDefaultBus(t *testing.T) {
	t.Parallel()
	memory := simaws.NewMemory(time.Now)
	var signed http.Header
	announce := open(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		signed = r.Header
		simaws.New(memory).ServeHTTP(w, r)
	}))
	if err := announce(t.Context(), promoted); err != nil {
		t.Fatal(err)
	}
	all := memory.Events()
	if len(all) != 1 || all[0].Source != "tokenmint" || all[0].DetailType != "Token Promoted" ||
		len(all[0].Resources) != 1 || all[0].Resources[0] != promoted.SecretARN {
		t.Fatalf("got %+v", all)
	}
	const want = `{"stack":"test","name":"parent",` +
		`"secret_arn":"` + arn + `",` +
		`"version":"v2","token_id":"ck1","hash":"h","deadline":"2026-01-02T03:04:05Z"}`
	if string(all[0].Detail) != want {
		t.Errorf("the detail is %s", all[0].Detail)
	}
	authorization := signed.Get("Authorization")
	for _, part := range []string{"AWS4-HMAC-SHA256 Credential=AKID/",
		"/eu-west-1/events/aws4_request", "x-amz-security-token", "x-amz-target"} {
		if !strings.Contains(authorization, part) {
			t.Errorf("the signature lacks %s: %s", part, authorization)
		}
	}
}

// Without a deadline the event has none.
func TestAnEventWithoutADeadline(t *testing.T) {
	t.Parallel()
	a := promoted
	a.Deadline = time.Time{}
	if text, err := json.Marshal(a); err != nil || strings.Contains(string(text), "deadline") {
		t.Errorf("got %s, %v", text, err)
	}
}

// TestReplies: an event counts as accepted only if the reply says so.
func TestReplies(t *testing.T) {
	t.Parallel()
	const good = `{"FailedEntryCount":0,"Entries":[{"EventId":"1"}]}`
	type reply struct {
		status int
		body   string
	}
	for name, c := range map[string]struct {
		replies []reply // the last one repeats
		calls   int64
		want    string // part of the error; "" = none
	}{
		"accepted": {[]reply{{200, good}}, 1, ""},
		"a partial failure": {[]reply{{200, `{"FailedEntryCount":1,"Entries":[{"ErrorCode":` +
			`"InternalFailure","ErrorMessage":"later"}]}`}}, 3, "InternalFailure: later"},
		"no count":   {[]reply{{200, `{"Entries":[{"EventId":"1"}]}`}}, 3, "not that of PutEvents"},
		"no entries": {[]reply{{200, `{"FailedEntryCount":0}`}}, 3, "not that of PutEvents"},
		"no JSON":    {[]reply{{200, `<html>`}}, 3, "not that of PutEvents"},
		"denied": {[]reply{{400, `{"__type":"AccessDeniedException","message":"no"}`}}, 1,
			"AccessDeniedException: no"},
		"throttled once": {[]reply{{400, `{"__type":"ThrottlingException"}`}, {200, good}},
			2, ""},
		"unavailable":      {[]reply{{503, ""}}, 3, "status 503"},
		"unavailable once": {[]reply{{503, ""}, {200, good}}, 2, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int64
			announce := open(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				r := c.replies[min(int(calls.Add(1)), len(c.replies))-1]
				w.WriteHeader(r.status)
				w.Write([]byte(r.body)) //nolint:errcheck // the client sees it
			}))
			err := announce(t.Context(), promoted)
			switch {
			case (err == nil) != (c.want == ""),
				err != nil && !strings.Contains(err.Error(), c.want):
				t.Errorf("error is %v, want %q", err, c.want)
			case calls.Load() != c.calls:
				t.Errorf("%d calls, want %d", calls.Load(), c.calls)
			}
		})
	}
}

// TestNoAnswer: a call whose answer is lost is repeated, and its error is returned at the end.
func TestNoAnswer(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	announce := open(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		calls.Add(1)
		panic(http.ErrAbortHandler)
	}))
	if err := announce(t.Context(), promoted); err == nil || calls.Load() < 3 {
		t.Errorf("%d calls, error %v", calls.Load(), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := announce(ctx, promoted); err == nil {
		t.Error("no error from a call whose context has ended")
	}
}
