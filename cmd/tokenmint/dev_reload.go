package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/tokenmint/tokenmint/config"
)

// served are the handlers that depend on the policy.
type served struct {
	mint   http.Handler
	mapbox http.Handler // nil with --live
}

// reloader serves the policy in a file as it is at each request. It looks at the file when a
// request comes, so it needs no goroutine. A policy that is wrong changes nothing: dev goes on with
// the one before, like a stack whose deployment is undone.
type reloader struct {
	path  string // "" means the built-in policy, which never changes
	build func(*config.Config) (served, error)
	log   io.Writer

	mu    sync.Mutex
	seen  stamp
	now   served
	state policyState // for the page of dev
}

// stamp tells two versions of a file apart.
type stamp struct {
	changed time.Time
	size    int64
}

func stampOf(path string) stamp {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{} // also a version of the file: it cannot be read
	}
	return stamp{info.ModTime(), info.Size()}
}

// newReloader returns a reloader that begins with a policy that was read from path.
func newReloader(
	path string, cfg *config.Config, build func(*config.Config) (served, error), log io.Writer,
) (*reloader, error) {
	now, err := build(cfg)
	return &reloader{
		path: path, build: build, log: log, seen: stampOf(path), now: now,
		state: stateOfPolicy(path, policyText(path), cfg),
	}, err
}

// policyText returns the file as it is now, or the built-in policy. It is empty if the file cannot
// be read.
func policyText(path string) []byte {
	if path == "" {
		return config.ShippedText()
	}
	text, _ := os.ReadFile(path) //nolint:gosec // G304: the user names the file
	return text
}

// policy returns what the page of dev shows of the policy.
func (r *reloader) policy() policyState {
	r.current()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state
}

func (r *reloader) current() served {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.path == "" {
		return r.now
	}
	if now := stampOf(r.path); now != r.seen {
		r.seen = now
		if err := r.reload(); err != nil {
			fmt.Fprintln(r.log, "policy: the one before stays:", err)
			r.state.Error, r.state.Text = err.Error(), printable(policyText(r.path))
		}
	}
	return r.now
}

func (r *reloader) reload() error {
	cfg, err := config.Load(r.path)
	if err != nil {
		return err
	}
	now, err := r.build(cfg)
	if err != nil {
		return err
	}
	r.now, r.state = now, stateOfPolicy(r.path, policyText(r.path), cfg)
	fmt.Fprintf(r.log, "policy: %s has changed and is in use\n", r.path)
	warn(r.log, cfg)
	return nil
}

func (r *reloader) serveMint(w http.ResponseWriter, q *http.Request) {
	r.current().mint.ServeHTTP(w, q)
}

func (r *reloader) serveMapbox(w http.ResponseWriter, q *http.Request) {
	r.current().mapbox.ServeHTTP(w, q)
}
