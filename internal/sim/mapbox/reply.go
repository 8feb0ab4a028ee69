package mapbox

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"time"
)

// reply is an answer before it is sent. A fault can still delay, halve or drop it.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// answer returns a reply with v as JSON. Each v is a type of this package that always encodes.
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

// refuse returns an error in the form of the API.
func refuse(status int, message string) reply {
	return answer(status, map[string]string{"message": message})
}

// with returns the reply with additional header fields. The reply's own fields take precedence.
func (a reply) with(header http.Header) reply {
	maps.Copy(header, a.header)
	a.header = header
	return a
}

func (a reply) write(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // if the client has gone, nobody needs the error
}

// writeHalf promises the whole body, sends half of it and closes the connection.
func (a reply) writeHalf(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.header)
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body[:len(a.body)/2])
	_ = http.NewResponseController(w).Flush() // without it, the client does not get the status line
	panic(http.ErrAbortHandler)
}

// allowAnyOrigin lets web pages of every origin call the API, as Mapbox does.
func allowAnyOrigin(h http.Header) {
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Methods", "GET, POST, PATCH, DELETE")
	h.Set("Access-Control-Allow-Headers", "Content-Type")
	h.Set("Access-Control-Expose-Headers",
		"Link, X-Rate-Limit-Interval, X-Rate-Limit-Limit, X-Rate-Limit-Reset")
}

// stamp returns a time in the API's form: UTC with milliseconds.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
