// Package bench measures the mint beside two yardsticks: hello, the least that Go on Lambda can be,
// and plain, what teams write instead of the mint (each is a command in a folder here).
// Milliseconds belong to a machine; ratios between programs that ran side by side, against the same
// doubles, say something of the programs.
//
// What is run is the built bootstrap, driven by a Runtime API as on Lambda. The doubles of Mapbox,
// Secrets Manager and DynamoDB answer at once over plain HTTP on loopback, so network and TLS,
// which cost all the same for each call, are not in the figures.
package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/sim/aws"
	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
	"github.com/tokenmint/tokenmint/internal/testkit/lambda"
)

// Names of what is measured.
const (
	Hello  = "hello"
	Plain  = "plain"
	Memory = "mint-memory" // TOKEN_TABLE is not set: tokens are shared within the instance
	Table  = "mint-table"  // and across instances; the policy is a file, as in the layer
)

const (
	user         = "acme"
	parentSecret = "tokenmint/parent"
)

// Subject is a bootstrap and the variables that it runs with.
type Subject struct {
	Name string
	File string
	env  []string
}

// Lab holds the subjects, built, and the doubles that they speak to.
type Lab struct {
	Subjects []Subject

	dir     string // of the bootstraps
	event   []byte
	servers []*httptest.Server
	table   atomic.Int64 // requests to the table
}

// Open builds the subjects from the module at root. Close removes them.
func Open(ctx context.Context, root string) (*Lab, error) {
	//nolint:gosec // G304: the module is the caller's own
	event, err := os.ReadFile(filepath.Join(root, "events", "mint-iam.json"))
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	l := &Lab{dir: dir, event: event}
	if err := l.open(ctx, root); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func (l *Lab) open(ctx context.Context, root string) error {
	if err := lambda.Compile(ctx, root, l.dir, "./test/bench/hello", "./test/bench/plain",
		"./functions/mint"); err != nil {
		return err
	}
	sim, manager, err := stock(ctx)
	if err != nil {
		return err
	}
	policy, err := filepath.Abs(filepath.Join(root, "config", "tokenmint.yaml"))
	if err != nil {
		return err
	}
	// Each gets only what it reads: a longer environment is slower to start with.
	aws := []string{
		"AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test",
		"PARENT_SECRET_ID=" + parentSecret,
		"TOKENS_API_URL=" + l.serve(sim),
		"AWS_ENDPOINT_URL_SECRETS_MANAGER=" + l.serve(aws.New(manager)),
	}
	plain := append([]string{"MAPBOX_USERNAME=" + user}, aws...)
	table := append([]string{"TOKEN_TABLE=tokens", "CONFIG_FILE=" + policy,
		"AWS_ENDPOINT_URL_DYNAMODB=" + l.serve(l.emptyTable())}, aws...)
	l.Subjects = []Subject{
		{Hello, filepath.Join(l.dir, "hello"), nil},
		{Plain, filepath.Join(l.dir, "plain"), plain},
		{Memory, filepath.Join(l.dir, "mint"), aws},
		{Table, filepath.Join(l.dir, "mint"), table},
	}
	return nil
}

// stock returns a Mapbox with an account and a Secrets Manager with its parent token.
func stock(ctx context.Context) (*mapbox.Simulator, *aws.Memory, error) {
	shipped, err := config.Shipped()
	if err != nil {
		return nil, nil, err
	}
	sim, err := mapbox.New(mapbox.Config{Seed: 1})
	if err != nil {
		return nil, nil, err
	}
	if err := sim.AddAccount(user); err != nil {
		return nil, nil, err
	}
	_, parent, err := sim.AddToken(user, "Made manually", shipped.ParentScopes())
	if err != nil {
		return nil, nil, err
	}
	manager := aws.NewMemory(time.Now)
	return sim, manager, manager.Create(ctx, parentSecret, strings.Repeat("a", 32),
		secrets.NewValue(parent))
}

func (l *Lab) serve(h http.Handler) (url string) {
	server := httptest.NewServer(h)
	l.servers = append(l.servers, server)
	return server.URL
}

// emptyTable speaks as much of DynamoDB's wire as the mint's first request needs, for a table that
// holds nothing: no item is found, every condition holds, and each count is the first. It keeps
// nothing. Whether the mint uses a table rightly is for a real double to say, which would be most
// of what is measured here.
func (l *Lab) emptyTable() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		l.table.Add(1)
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		// GetItem's reply has no such member, so to it this is no item
		fmt.Fprint(w, `{"Attributes":{"total":{"N":"1"}}}`)
	})
}

// TableRequests returns how many requests the table has had.
func (l *Lab) TableRequests() int64 { return l.table.Load() }

// Subject returns the one of that name.
func (l *Lab) Subject(name string) Subject {
	for _, s := range l.Subjects {
		if s.Name == name {
			return s
		}
	}
	panic("no subject " + name)
}

// Close stops the doubles and removes the bootstraps.
func (l *Lab) Close() error {
	for _, server := range l.servers {
		server.Close()
	}
	return os.RemoveAll(l.dir)
}
