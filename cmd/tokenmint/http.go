package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"
)

// callJSON sends one request without credentials and decodes the JSON reply into reply, a pointer
// to a struct. The struct stays as it is if the reply has another form. Redirects are not followed.
func callJSON(
	ctx context.Context, limit time.Duration, method, address, body string, reply any,
) (status int, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/json")
	status, _, err = roundTrip(request, reply)
	return status, err
}

// roundTrip is callJSON for a request of the caller's own. It also returns the reply's header.
func roundTrip(request *http.Request, reply any) (status int, header http.Header, err error) {
	answer, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
	if err == nil {
		_ = json.Unmarshal(text, reply) // the caller sees that reply is still empty
	}
	return answer.StatusCode, answer.Header, nil
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may have left
}

// writeMessage answers with an error message.
func writeMessage(w http.ResponseWriter, status int, message string) {
	writeJSON(w, status, map[string]string{"message": message})
}
