// Package aws speaks the wire protocol of AWS Secrets Manager (AWS JSON 1.1) over a Memory, so that
// the real SDK can be used with no AWS: in tests and by the local runner. The rules of versions and labels are
// the store's; this package translates.
//
// It serves CreateSecret, DescribeSecret, GetSecretValue, PutSecretValue, UpdateSecretVersionStage and
// ListSecretVersionIds, and answers every other operation with UnknownOperationException. It does not model:
// signatures (every request is authorised), policies, KMS, binary values, tags and descriptions, deletion,
// replication, pages of ListSecretVersionIds (all versions come at once), throttling, and delays between a
// write and the reads that show it. Members of a request that it does not know are ignored, as the service
// ignores them. The texts of its errors are its own; their codes are the service's.
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

// maxBody admits the longest value (64 KiB) with every byte escaped as \u00XX, and the rest of a request.
const maxBody = 512 << 10

// New returns a handler that serves the store's secrets. It listens nowhere by itself, and keeps no state.
func New(mem *Memory) http.Handler {
	s := service{mem}
	return handler{
		"CreateSecret":             decoded(s.create),
		"DescribeSecret":           decoded(s.describe),
		"GetSecretValue":           decoded(s.get),
		"PutSecretValue":           decoded(s.put),
		"UpdateSecretVersionStage": decoded(s.updateStage),
		"ListSecretVersionIds":     decoded(s.list),
	}
}

// handler dispatches on the operation's name.
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
	_ = json.NewEncoder(w).Encode(reply) // the client has gone: nobody to tell
}

func (h handler) serve(w http.ResponseWriter, r *http.Request) (any, error) {
	name, addressed := strings.CutPrefix(r.Header.Get("X-Amz-Target"), "secretsmanager.")
	serve, known := h[name]
	if !addressed || !known || r.Method != http.MethodPost {
		return nil, fault{http.StatusBadRequest, "UnknownOperationException", fmt.Sprintf(
			"a POST with X-Amz-Target secretsmanager.<operation> is served for: %s",
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
