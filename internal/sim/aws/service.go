// Package aws simulates AWS Secrets Manager, and PutEvents of Amazon EventBridge. [Memory] has the
// rules of versions and labels. [New] serves a Memory over the protocol of the services (AWS JSON
// 1.1), so that tests and the local runner use the real SDK without AWS.
//
// The operations of Secrets Manager are CreateSecret, DescribeSecret, GetSecretValue,
// PutSecretValue, UpdateSecretVersionStage and ListSecretVersionIds. The answer to any other
// operation is UnknownOperationException. Unknown members of a request are ignored, as at the
// service. Errors have the codes of the service and their own texts.
//
// The package does not simulate:
//
//   - signatures (every request is authorised), policies and KMS;
//   - binary values, tags, descriptions, deletion and replication;
//   - pages of ListSecretVersionIds (one reply has all versions);
//   - rules, targets and other buses of EventBridge;
//   - throttling, and delays between a write and the reads that show it.
package aws

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// maxBody is the limit of a request in bytes. It allows the longest value (64 KiB) with each byte
// escaped as \u00XX.
const maxBody = 512 << 10

// New returns a handler that serves the secrets of mem. The handler has no state of its own.
func New(mem *Memory) http.Handler {
	s := service{mem}
	return handler{
		"CreateSecret":             decoded(s.create),
		"DescribeSecret":           decoded(s.describe),
		"GetSecretValue":           decoded(s.get),
		"PutSecretValue":           decoded(s.put),
		"UpdateSecretVersionStage": decoded(s.updateStage),
		"ListSecretVersionIds":     decoded(s.list),
		putEvents:                  decoded(s.putEvents),
	}
}

// handler calls the operation that a request names.
type handler map[string]operation

func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	reply, err := h.serve(w, r)
	status := http.StatusOK
	if err != nil {
		f := faultOf(err)
		reply, status = f, f.status
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.Header().Set("X-Amzn-Requestid", rand.Text())
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(reply) // if the client has gone, nobody needs the error
}

func (h handler) serve(w http.ResponseWriter, r *http.Request) (any, error) {
	target := r.Header.Get("X-Amz-Target")
	name, addressed := strings.CutPrefix(target, "secretsmanager.")
	serve, known := h[name]
	known = known && addressed && name != putEvents
	if target == putEvents {
		serve, known = h[putEvents], true
	}
	if !known || r.Method != http.MethodPost {
		return nil, fault{http.StatusBadRequest, "UnknownOperationException", fmt.Sprintf(
			"send a POST with X-Amz-Target secretsmanager.<operation>, one of: %s",
			strings.Join(slices.Sorted(maps.Keys(h)), ", "))}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLong, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, fault{http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException",
			fmt.Sprintf("the body is longer than %d bytes", tooLong.Limit)}
	}
	if err != nil {
		return nil, errSerialization
	}
	return serve(r.Context(), body)
}
