package main

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/internal/rotate"
	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/setup"
	"github.com/tokenmint/tokenmint/internal/sim/aws"
	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// parentSecret is the name of the parent secret on this machine.
const parentSecret = "tokenmint/parent"

// world is all that the functions talk to, on this machine: Mapbox's Tokens API and Secrets Manager with a parent token.
// With --live the first is the real one, and sim is nil.
type world struct {
	sim     *mapbox.Simulator
	secrets *aws.Memory
	user    string
	hand    tokens.Token // for a person's own requests to the simulator; no secret holds it
	door    string       // path of the Secrets Manager endpoint: a secret with --live, which holds a real token, or ""
	now     func() time.Time
	lock    io.Closer // of the directory that keeps it, nil if none does
}

// close frees the directory that keeps the world.
func (w *world) close() {
	if w.lock != nil {
		_ = w.lock.Close()
	}
}

// worldOptions are the flags that shape a world.
type worldOptions struct {
	user string
	rate int    // requests a minute for an account, 0 = no limit
	seed uint64 // of the simulator

	scopes []string // that the account has besides those that Mapbox is known to have
}

// newWorld returns a world with a simulator, an account, and a fresh parent token in its secret.
func newWorld(cfg *config.Config, o worldOptions) (*world, error) {
	w, err := emptyWorld(o)
	if err != nil {
		return nil, err
	}
	if err := w.sim.AddAccount(o.user); err != nil {
		return nil, err
	}
	if err := w.addScopes(o.scopes); err != nil {
		return nil, err
	}
	scopes := w.offered(cfg.ParentScopes())
	version := newID() // the parent is as a rotation leaves it
	id, parent, err := w.sim.IssueByHand(o.user, rotate.Note(setup.DefaultStack, "parent", version), scopes)
	if err != nil {
		return nil, err
	}
	_, hand, err := w.sim.IssueByHand(o.user, "For your own requests", handScopes(scopes))
	if err != nil {
		return nil, err
	}
	w.hand = tokens.NewToken(hand)
	if err := w.makeSecrets(cfg); err != nil {
		return nil, err
	}
	return w, w.storeParent(version, secrets.Credential{
		Token: tokens.NewToken(parent), Username: o.user, ID: id, Scopes: scopes, Created: w.now().UTC(), Rotation: version,
	})
}

func (w *world) addScopes(scopes []string) error {
	for _, scope := range scopes {
		if err := w.sim.AddScope(w.user, scope); err != nil {
			return fmt.Errorf("--scope: %w", err)
		}
	}
	return nil
}

// offered returns those of scopes that the account has. A person could give a token no others.
func (w *world) offered(scopes []string) []string {
	has := w.sim.Scopes(w.user)
	return slices.DeleteFunc(slices.Clone(scopes), func(s string) bool { return !slices.Contains(has, s) })
}

// makeSecrets makes the secrets of further tokens that are not there yet. They have no value, as those that a stack is given may have none.
func (w *world) makeSecrets(cfg *config.Config) error {
	for _, t := range cfg.Tokens {
		if _, err := w.secrets.Describe(noDeadline, t.Secret); err == nil || strings.HasPrefix(t.Secret, "arn:") {
			continue // an ARN is AWS's to give: there is no such secret on this machine
		}
		if err := w.secrets.Create(noDeadline, t.Secret, "", secrets.Value{}); err != nil {
			return err
		}
	}
	return nil
}

// emptyWorld returns a world whose one clock is the simulator's: moving that moves the functions too.
func emptyWorld(o worldOptions) (*world, error) {
	sim, err := mapbox.New(mapbox.Config{Seed: o.seed, RateLimit: o.rate})
	if err != nil {
		return nil, err
	}
	return &world{sim: sim, secrets: aws.NewMemory(sim.Now), user: o.user, now: sim.Now}, nil
}

// liveWorld returns a world with the real Mapbox and the person's own token as parent, which stays in this process.
func liveWorld(value string) (*world, error) {
	if value == "" {
		return nil, errors.New("--live needs the parent token in MAPBOX_ACCESS_TOKEN: a secret token with tokens:write")
	}
	if strings.ContainsAny(value[:1], "\"'`") {
		return nil, errors.New("the token in MAPBOX_ACCESS_TOKEN is quoted: set it without the quotes around it")
	}
	credential, err := secrets.ParseCredential(secrets.NewValue(value))
	if err != nil {
		return nil, fmt.Errorf("MAPBOX_ACCESS_TOKEN: %w", err)
	}
	w := &world{secrets: aws.NewMemory(time.Now), user: credential.Username, now: time.Now, door: "/" + newID()}
	return w, w.storeParent(newID(), credential)
}

func (w *world) storeParent(version string, c secrets.Credential) error {
	value, err := c.Encode()
	if err != nil {
		return err
	}
	return w.secrets.Create(noDeadline, parentSecret, version, value)
}

// mapbox serves the Tokens API and, beside it, what moves the simulator.
func (w *world) mapbox(p pages) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/_sim/", noOtherPages(w.sim.Management()))
	mux.Handle("/", p.simulator(w.sim))
	return mux
}

// aws serves Secrets Manager.
func (w *world) aws() http.Handler { return noOtherPages(behind(w.door, aws.New(w.secrets))) }

// behind serves requests to one path only. Who was not told the path is refused: every user of this machine can reach
// the port, and the path is printed to one.
func behind(door string, next http.Handler) http.Handler {
	if door == "" {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := strings.TrimSuffix(r.URL.Path, "/")
		if subtle.ConstantTimeCompare([]byte(path), []byte(door)) != 1 {
			writeJSON(w, http.StatusForbidden, map[string]string{"__type": "AccessDeniedException",
				"message": "with --live, the address of this endpoint has a secret path, which dev prints"})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// handScopes are what a person needs who tries the whole Tokens API by hand.
func handScopes(parent []string) []string {
	scopes := append(slices.Clone(parent), "scopes:list", "styles:tiles", "styles:read", "fonts:read", "datasets:read", "vision:read",
		"uploads:read", "uploads:write", "uploads:list", "tokens:read", "tokens:write")
	slices.Sort(scopes)
	return slices.Compact(scopes)
}

// newID returns 32 random hexadecimal digits.
func newID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails, says its documentation
	return hex.EncodeToString(id[:])
}
