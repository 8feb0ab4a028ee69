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

// backend holds the services that the functions call on this machine: the Tokens API, and Secrets
// Manager with a parent token.
type backend struct {
	sim      *mapbox.Simulator // nil with --live, which uses the real Mapbox
	secrets  *aws.Memory
	user     string
	devToken tokens.Token // for manual requests to the simulator; no secret holds it
	awsPath  string       // of the Secrets Manager endpoint; secret with --live, otherwise ""
	now      func() time.Time
	lock     io.Closer // of the directory in --state; nil without --state
}

// close unlocks the directory in --state.
func (b *backend) close() {
	if b.lock != nil {
		_ = b.lock.Close()
	}
}

// backendOptions are the flags that shape a backend.
type backendOptions struct {
	user   string
	rate   int      // requests a minute for an account; 0 means no limit
	seed   uint64   // of the simulator
	scopes []string // the account has these besides the known ones
}

// newBackend returns a backend with a simulator, an account, and a new parent token in its secret.
func newBackend(cfg *config.Config, o backendOptions) (*backend, error) {
	b, err := emptyBackend(o)
	if err != nil {
		return nil, err
	}
	if err := b.sim.AddAccount(o.user); err != nil {
		return nil, err
	}
	if err := b.addScopes(o.scopes); err != nil {
		return nil, err
	}
	scopes := b.offered(cfg.ParentScopes())
	version := newID() // the parent looks as if a rotation had created it
	note := rotate.Note(setup.DefaultStack, "parent", version)
	id, parent, err := b.sim.AddToken(o.user, note, scopes)
	if err != nil {
		return nil, err
	}
	_, devToken, err := b.sim.AddToken(o.user, "For your own requests", devScopes(scopes))
	if err != nil {
		return nil, err
	}
	b.devToken = tokens.NewToken(devToken)
	if err := b.makeSecrets(cfg); err != nil {
		return nil, err
	}
	if err := b.storeParent(version, secrets.Credential{
		Token: tokens.NewToken(parent), Username: o.user, ID: id, Scopes: scopes,
		Created: b.now().UTC(), Rotation: version,
	}); err != nil {
		return nil, err
	}
	return b, b.secrets.MoveStage(noDeadline, parentSecret, rotate.AnnouncedLabel, "", version)
}

func (b *backend) addScopes(scopes []string) error {
	for _, scope := range scopes {
		if err := b.sim.AddScope(b.user, scope); err != nil {
			return fmt.Errorf("--scope: %w", err)
		}
	}
	return nil
}

// offered returns the scopes that the account has. Mapbox gives a token no other scope.
func (b *backend) offered(scopes []string) []string {
	has := b.sim.Scopes(b.user)
	return slices.DeleteFunc(slices.Clone(scopes), func(scope string) bool {
		return !slices.Contains(has, scope)
	})
}

// makeSecrets creates the missing secrets of additional tokens. They have no value, as in a stack.
func (b *backend) makeSecrets(cfg *config.Config) error {
	for _, t := range cfg.Tokens {
		name := t.SecretName(setup.DefaultStage)
		if strings.HasPrefix(name, "arn:") {
			continue // only AWS gives ARNs, so this secret cannot exist here
		}
		if _, err := b.secrets.Describe(noDeadline, name); err == nil {
			continue
		}
		if err := b.secrets.Create(noDeadline, name, "", secrets.Value{}); err != nil {
			return err
		}
	}
	return nil
}

// emptyBackend returns a backend without an account. Its clock is that of the simulator, so a
// change of the simulator's clock changes the time of the functions too.
func emptyBackend(o backendOptions) (*backend, error) {
	sim, err := mapbox.New(mapbox.Config{Seed: o.seed, RateLimit: o.rate})
	if err != nil {
		return nil, err
	}
	return &backend{sim: sim, secrets: aws.NewMemory(sim.Now), user: o.user, now: sim.Now}, nil
}

// liveBackend returns a backend for the real Mapbox. The given token is the parent, and only this
// process holds it.
func liveBackend(value string) (*backend, error) {
	if value == "" {
		return nil, errors.New("--live needs the parent token in MAPBOX_ACCESS_TOKEN: " +
			"a secret token with tokens:write")
	}
	if strings.ContainsAny(value[:1], "\"'`") {
		return nil, errors.New("the token in MAPBOX_ACCESS_TOKEN is quoted: set it without quotes")
	}
	credential, err := secrets.ParseCredential(secrets.NewValue(value))
	if err != nil {
		return nil, fmt.Errorf("MAPBOX_ACCESS_TOKEN: %w", err)
	}
	b := &backend{
		secrets: aws.NewMemory(time.Now), user: credential.Username,
		now: time.Now, awsPath: "/" + newID(),
	}
	return b, b.storeParent(newID(), credential)
}

func (b *backend) storeParent(version string, c secrets.Credential) error {
	value, err := c.Encode()
	if err != nil {
		return err
	}
	return b.secrets.Create(noDeadline, parentSecret, version, value)
}

// mapboxAPI serves the simulated Tokens API, and /_sim/ to manage the simulator.
func (b *backend) mapboxAPI(p pages) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/_sim/", noOtherPages(onlyByAddress(b.sim.Management())))
	mux.Handle("/", p.simulator(b.sim))
	return mux
}

// awsAPI serves Secrets Manager and EventBridge.
func (b *backend) awsAPI() http.Handler {
	return noOtherPages(onlyAtPath(b.awsPath, aws.New(b.secrets)))
}

// onlyAtPath serves requests to one secret path. An empty path allows every request. All users of
// this machine can reach the port, but dev prints the path only to the user who started it.
func onlyAtPath(secret string, next http.Handler) http.Handler {
	if secret == "" {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := strings.TrimSuffix(r.URL.Path, "/")
		if subtle.ConstantTimeCompare([]byte(path), []byte(secret)) != 1 {
			writeJSON(w, http.StatusForbidden, map[string]string{
				"__type": "AccessDeniedException",
				"message": "with --live, the address of this endpoint has a secret path, which " +
					"dev prints",
			})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// devScopes returns the scopes for manual requests to all of the Tokens API.
func devScopes(parent []string) []string {
	scopes := append(slices.Clone(parent),
		"scopes:list", "styles:tiles", "styles:read", "fonts:read", "datasets:read", "vision:read",
		"uploads:read", "uploads:write", "uploads:list", "tilesets:read", "tilesets:write",
		"tilesets:list", "tokens:read", "tokens:write")
	slices.Sort(scopes)
	return slices.Compact(scopes)
}

// newID returns 32 random hexadecimal digits.
func newID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails, by its documentation
	return hex.EncodeToString(id[:])
}
