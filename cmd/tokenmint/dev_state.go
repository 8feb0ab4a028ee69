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

// noDeadline is for stores in memory, which never wait.
var noDeadline = context.Background()

// state saves a backend in a file. The file holds tokens of the simulator, so only its owner may
// read it.
type state struct {
	path    string
	backend *backend
	mu      sync.Mutex
	last    string // content of the file
}

// stateFile is the content of the file. The key "hand" is the name that existing files have.
type stateFile struct {
	User      string          `json:"user"`
	DevToken  string          `json:"hand"`
	Simulator json.RawMessage `json:"simulator"`
	Secrets   json.RawMessage `json:"secrets"`
}

// openState returns the backend from the file in dir, or a new backend if there is no file. It
// locks the directory until the backend is closed: two processes would overwrite each other's
// tokens.
func openState(dir string, cfg *config.Config, o backendOptions) (*state, error) {
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
	s.backend.lock = lock
	return s, nil
}

func (s *state) load(cfg *config.Config, o backendOptions) error {
	text, err := os.ReadFile(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		s.backend, err = newBackend(cfg, o)
	case err == nil:
		s.backend, err = restoreBackend(text, cfg, o)
	}
	if err != nil {
		return err
	}
	return s.save()
}

func restoreBackend(text []byte, cfg *config.Config, o backendOptions) (*backend, error) {
	var file stateFile
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, err
	}
	if o.user != file.User {
		return nil, fmt.Errorf("belongs to user %s, not %s: name another directory or "+
			"another --user",
			file.User, o.user)
	}
	b, err := emptyBackend(o)
	if err != nil {
		return nil, err
	}
	b.devToken = tokens.NewToken(file.DevToken)
	err = errors.Join(b.sim.Restore(file.Simulator), b.secrets.Restore(file.Secrets))
	if err != nil {
		return nil, err
	}
	return b, errors.Join(b.addScopes(o.scopes), b.makeSecrets(cfg))
}

// save replaces the file if the backend has changed. A crash leaves the old file or the new one.
func (s *state) save() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	simulator, err := s.backend.sim.Snapshot()
	if err != nil {
		return err
	}
	stored, err := s.backend.secrets.Snapshot()
	if err != nil {
		return err
	}
	text, err := json.Marshal(stateFile{
		User: s.backend.user, DevToken: s.backend.devToken.Reveal(), Simulator: simulator,
		Secrets: stored,
	})
	if err != nil || string(text) == s.last {
		return err
	}
	if err := writePrivate(s.path, text); err != nil {
		return err
	}
	s.last = string(text)
	return nil
}

// saving saves the changes of a request before it sends the reply. So a crash loses nothing that a
// client has been told.
func (s *state) saving(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		held := &heldReply{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(held, r)
		if err := s.save(); err != nil {
			writeMessage(w, http.StatusInternalServerError, err.Error())
			return
		}
		held.release()
	})
}

// heldReply holds a reply until release sends it.
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

// writePrivate replaces a file in one step. Only its owner may read the file.
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
