package awsstore_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/tokenmint/tokenmint/internal/secrets"
)

// fail writes an error in the form of the service.
func fail(w http.ResponseWriter, code string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.Header().Set("X-Amzn-Requestid", "request-7")
	w.WriteHeader(http.StatusBadRequest)
	_, _ = fmt.Fprintf(w, `{"__type":%q,"message":"the service says why"}`, code)
}

func TestErrorWords(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]error{
		"ResourceNotFoundException":   secrets.ErrNotFound,
		"ResourceExistsException":     secrets.ErrExists,
		"InvalidParameterException":   secrets.ErrInvalid,
		"InvalidRequestException":     secrets.ErrInvalid,
		"LimitExceededException":      secrets.ErrInvalid,
		"ValidationException":         secrets.ErrInvalid,
		"AccessDeniedException":       secrets.ErrDenied,
		"DecryptionFailure":           secrets.ErrDenied,
		"EncryptionFailure":           secrets.ErrDenied,
		"ExpiredTokenException":       secrets.ErrDenied,
		"InvalidSignatureException":   secrets.ErrDenied,
		"UnrecognizedClientException": secrets.ErrDenied,
		"ThrottlingException":         nil,
		"InternalServiceError":        nil,
		"SomethingNewException":       nil,
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			store := open(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				fail(w, code)
			}), nil)
			_, describe := store.Describe(t.Context(), name)
			_, get := store.Get(t.Context(), name, v1)
			put := store.Put(t.Context(), name, v1, one, secrets.Pending)
			for _, err := range []error{describe, get, put} {
				if want == nil {
					unknown(t, err)
				} else if !errors.Is(err, want) {
					t.Errorf("error %v is not %q", err, want)
				}
				for _, part := range []string{name, "request-7", "the service says why"} {
					if !strings.Contains(fmt.Sprint(err), part) {
						t.Errorf("error %v does not have %q", err, part)
					}
				}
			}
		})
	}
}

// A proxy may answer in the service's place. The error does not quote such an answer.
func TestBrokenReplies(t *testing.T) {
	t.Parallel()
	for title, body := range map[string]string{
		"binary value": `{"Name":"tokenmint/parent","VersionId":"` + v1 +
			`","SecretBinary":"U0VOVElORUw="}`,
		"neither value": `{"Name":"tokenmint/parent","VersionId":"` + v1 + `"}`,
		"wrong type":    `{"Name":"tokenmint/parent","SecretString":{"token":"SENTINEL"}}`,
		"truncated":     `{"SecretString":"SENTINEL`,
		"elsewhere":     `{"SecretString":"SENTINEL","CreatedDate":"SENTINEL"}`,
		"HTML":          `<html>SENTINEL</html>`,
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			store := open(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/x-amz-json-1.1")
				_, _ = io.WriteString(w, body)
			}), nil)
			v, err := store.Get(t.Context(), name, "")
			if err == nil || !v.Value.IsZero() {
				t.Fatalf("got version %v without an error", v)
			}
			if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), "SENTINEL") {
				t.Error("the error contains secret text")
			}
			if !strings.Contains(err.Error(), "get AWSCURRENT of secret "+name) {
				t.Errorf("error %v does not name the version and the secret", err)
			}
		})
	}
}

// errors.Is finds the cause of an unreadable reply, although its text hides the cause.
func TestCancelledWhileReading(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	store := open(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"SecretString":"SENTINEL`)
		_ = http.NewResponseController(w).Flush()
		cancel()
		<-r.Context().Done()
	}), nil)
	if _, err := store.Get(ctx, name, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want %v", err, context.Canceled)
	}
}
