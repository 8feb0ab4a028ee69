package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"sync"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// noDeadline is for stores in memory, which wait for nothing.
var noDeadline = context.Background()

// state keeps a world in a directory. It holds the simulator's tokens, so nobody else may read it.
type state struct {
	path  string
	world *world
	mu    sync.Mutex
	last  string // what the file holds
}

// saved is the form of the file.
type saved struct {
	User      string          `json:"user"`
	Hand      string          `json:"hand"`
	Simulator json.RawMessage `json:"simulator"`
	Secrets   json.RawMessage `json:"secrets"`
}

// openState returns the world that is kept in dir, or a new one that will be. The directory is this process's until the
// world is closed: two processes would overwrite each other's tokens.
func openState(dir string, cfg *config.Config, o worldOptions) (*state, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("--state: make the directory: %w", err)
	}
	lock, err := lockDirectory(dir)
	if err != nil {
		return nil, fmt.Errorf("--state: %w", err)
	}
	s := &state{path: filepath.Join(dir, "state.json")}
	if err := s.load(cfg, o); err != nil {
		return nil, errors.Join(fmt.Errorf("state in %s: %w", s.path, err), lock.Close())
	}
	s.world.lock = lock
	return s, nil
}

func (s *state) load(cfg *config.Config, o worldOptions) error {
	text, err := os.ReadFile(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		s.world, err = newWorld(cfg, o)
	case err == nil:
		s.world, err = restoreWorld(text, cfg, o)
	}
	if err != nil {
		return err
	}
	return s.save()
}

func restoreWorld(text []byte, cfg *config.Config, o worldOptions) (*world, error) {
	var kept saved
	if err := json.Unmarshal(text, &kept); err != nil {
		return nil, err
	}
	if o.user != kept.User {
		return nil, fmt.Errorf("belongs to user %s, not %s: name another directory or another --user", kept.User, o.user)
	}
	w, err := emptyWorld(o)
	if err != nil {
		return nil, err
	}
	w.hand = tokens.NewToken(kept.Hand)
	if err := errors.Join(w.sim.Restore(kept.Simulator), w.secrets.Restore(kept.Secrets)); err != nil {
		return nil, err
	}
	return w, errors.Join(w.addScopes(o.scopes), w.makeSecrets(cfg))
}

// save writes the world to the file, whole or not at all.
func (s *state) save() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	simulator, err := s.world.sim.Snapshot()
	if err != nil {
		return err
	}
	stored, err := s.world.secrets.Snapshot()
	if err != nil {
		return err
	}
	text, err := json.Marshal(saved{User: s.world.user, Hand: s.world.hand.Reveal(), Simulator: simulator, Secrets: stored})
	if err != nil || string(text) == s.last {
		return err
	}
	if err := writePrivate(s.path, text); err != nil {
		return err
	}
	s.last = string(text)
	return nil
}

// saving keeps what a request changed before its answer leaves: what a client was told survives a crash.
func (s *state) saving(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		held := &heldReply{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(held, r)
		if err := s.save(); err != nil {
			writeJSON(w, http.StatusInternalServerError, map[string]string{"message": err.Error()})
			return
		}
		held.release()
	})
}

// heldReply keeps a reply back until it is released.
type heldReply struct {
	http.ResponseWriter
	status int
	body   []byte
}

func (h *heldReply) WriteHeader(status int) { h.status = status }

func (h *heldReply) Write(b []byte) (int, error) {
	h.body = append(h.body, b...)
	return len(b), nil
}

func (h *heldReply) release() {
	h.ResponseWriter.WriteHeader(h.status)
	_, _ = h.ResponseWriter.Write(h.body) // the client may have left
}

// writePrivate replaces a file that only its owner may read, at once.
func writePrivate(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	_, writeErr := f.Write(text)
	if err := errors.Join(writeErr, f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return os.Rename(f.Name(), path)
}
