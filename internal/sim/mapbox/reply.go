package mapbox

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"time"
)

// reply is an answer that is not yet written, so that a fault can still delay, halve or lose it.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// answer holds v as JSON. Every v is one of this package's wire types, none of which can fail to encode.
func answer(status int, v any) reply {
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v)
	return reply{
		status: status,
		header: http.Header{"Content-Type": {"application/json; charset=utf-8"}},
		body:   bytes.TrimSuffix(body.Bytes(), []byte("\n")),
	}
}

// refuse answers in the API's form of an error.
func refuse(status int, message string) reply {
	return answer(status, map[string]string{"message": message})
}

// with returns the reply with header fields added; its own win.
func (a reply) with(header http.Header) reply {
	maps.Copy(header, a.header)
	a.header = header
	return a
}

func (a reply) write(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // a client that is gone misses nothing but its answer
}

// writeHalf promises the whole body, sends half of it and closes the connection.
func (a reply) writeHalf(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.header)
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body[:len(a.body)/2])
	_ = http.NewResponseController(w).Flush() // else the status line dies with the connection
	panic(http.ErrAbortHandler)
}

// allowAnyOrigin opens the API to pages of every origin, as Mapbox does for browsers.
func allowAnyOrigin(h http.Header) {
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Methods", "GET, POST, PATCH, DELETE")
	h.Set("Access-Control-Allow-Headers", "Content-Type")
	h.Set("Access-Control-Expose-Headers", "Link, X-Rate-Limit-Interval, X-Rate-Limit-Limit, X-Rate-Limit-Reset")
}

// stamp writes a time as the API does: UTC with milliseconds.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
