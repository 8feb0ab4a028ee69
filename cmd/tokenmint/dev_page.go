package main

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // for the page
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// pageHTML is the page of dev: one file without a build step.
//
//go:embed dev_page.html
var pageHTML []byte

// servePage serves the page of dev. Its script and its style run because their digests are in the
// policy, so nothing that is shown can become code.
func (o *observer) servePage(w http.ResponseWriter) {
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", "default-src 'none'; script-src '"+
		digestOf("script")+"'; style-src '"+digestOf("style")+"'; connect-src 'self'; "+
		"img-src data: "+o.mapboxURL+"; base-uri 'none'; form-action 'none'; "+
		"frame-ancestors 'none'")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", "no-store")
	_, _ = w.Write(pageHTML) // the browser may have left
}

// digestOf returns the digest of the page's one element of this name, as a policy writes it.
func digestOf(element string) string {
	_, after, _ := bytes.Cut(pageHTML, []byte("<"+element+">"))
	content, _, _ := bytes.Cut(after, []byte("</"+element+">"))
	sum := sha256.Sum256(content)
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// Times of the stream.
const (
	lookEvery  = 250 * time.Millisecond
	quietLimit = 5 * time.Second // then the state is sent though nothing has changed
)

// serveStream sends the state as server-sent events: at once, and when it changes. Each event has
// the simulator's time, so the page needs no clock of its own. The stream ends when dev ends.
func (o *observer) serveStream(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	var last []byte
	var offset time.Duration
	var sent time.Time
	for {
		state := o.state()
		now := state.Now
		state.Now = 0
		text, err := json.Marshal(state)
		ahead := time.Until(time.UnixMilli(now)).Truncate(time.Second)
		if err == nil && (!bytes.Equal(text, last) || ahead != offset ||
			time.Since(sent) > quietLimit) {
			state.Now = now
			if text, err := json.Marshal(state); err == nil {
				fmt.Fprintf(w, "data: %s\n\n", text)
			}
			last, offset, sent = text, ahead, time.Now()
			if http.NewResponseController(w).Flush() != nil {
				return
			}
		}
		select {
		case <-look.C:
		case <-r.Context().Done():
			return
		case <-o.ended:
			return
		}
	}
}
