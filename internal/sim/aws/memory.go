package aws

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
)

// Memory is a store in memory that enforces the service's rules. It serves tests and the local runner and is
// safe for concurrent use; every method acts at one instant. Beyond the four methods of a store it offers what
// a simulator of the service needs.
//
// It does not model the deletion of secrets and of deprecated versions, partial ARNs, the limit on how often a
// value may be put, and the delay after which a read shows a write.
type Memory struct {
	now     func() time.Time
	mu      sync.Mutex
	secrets map[string]*secret // by name
}

// secret is one secret. A label sits on one version, so labels are stored the other way round: by label.
type secret struct {
	name            string
	rotationEnabled bool
	now             func() time.Time
	created         time.Time
	changed         time.Time          // of the last change of a version or label
	versions        map[string]version // by id
	labels          map[string]string  // label -> version id
}

type version struct {
	created time.Time
	value   secrets.Value // zero: registered by a native rotation, not put yet
}

// NewMemory returns an empty store that dates its versions by now.
func NewMemory(now func() time.Time) *Memory {
	return &Memory{now: now, secrets: map[string]*secret{}}
}

// isName holds CreateSecret's rule for names: 1 to 512 letters, digits and /_+=.@-. It is no regular expression because this package is
// part of the mint, whose start waits for one to compile.
func isName(name string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	return len(name) >= 1 && len(name) <= 512 && strings.Trim(name, letters+"0123456789/_+=.@-") == ""
}

// Create makes a secret whose first version is current. With a zero Value the secret has no version yet, as
// after CreateSecret without a value. To create a secret again with the same version and value does nothing; a
// name that is taken otherwise is ErrExists.
func (m *Memory) Create(ctx context.Context, name, versionID string, v secrets.Value) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.create(ctx, name, versionID, v); err != nil {
		return fmt.Errorf("create secret %s: %w", name, err)
	}
	return nil
}

func (m *Memory) create(ctx context.Context, name, versionID string, v secrets.Value) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !isName(name) {
		return fmt.Errorf("name is not 1 to 512 letters, digits and /_+=.@-: %w", secrets.ErrInvalid)
	}
	if s, ok := m.secrets[name]; ok {
		if old, ok := s.versions[versionID]; ok && old.value == v {
			return nil
		}
		return secrets.ErrExists
	}
	now := m.instant()
	s := &secret{name: name, now: m.instant, created: now, changed: now, versions: map[string]version{}, labels: map[string]string{}}
	if !v.IsZero() {
		if err := s.put(versionID, v, []string{secrets.Current}, now); err != nil {
			return err
		}
	}
	m.secrets[name] = s
	return nil
}

// Describe returns the secret's labels. The id here and below is the secret's name or its whole ARN.
func (m *Memory) Describe(ctx context.Context, id string) (secrets.Description, error) {
	var d secrets.Description
	err := m.with(ctx, "describe secret", id, func(s *secret) error {
		d = secrets.Description{Name: s.name, ARN: s.arn(), RotationEnabled: s.rotationEnabled, Stages: map[string][]string{}}
		d.Created, d.Changed = s.created, s.changed
		for _, stage := range slices.Sorted(maps.Keys(s.labels)) {
			versionID := s.labels[stage]
			d.Stages[versionID] = append(d.Stages[versionID], stage)
		}
		return nil
	})
	return d, err
}

// Get reads a version, deprecated ones included; an empty versionID means the current one.
func (m *Memory) Get(ctx context.Context, id, versionID string) (secrets.Version, error) {
	if versionID == "" {
		return m.GetStage(ctx, id, secrets.Current)
	}
	var v secrets.Version
	err := m.with(ctx, "get version "+versionID+" of secret", id, func(s *secret) (err error) {
		v, err = s.read(versionID)
		return err
	})
	return v, err
}

// GetStage reads the version that carries the label.
func (m *Memory) GetStage(ctx context.Context, id, stage string) (secrets.Version, error) {
	var v secrets.Version
	err := m.with(ctx, "get "+stage+" of secret", id, func(s *secret) (err error) {
		v, err = s.read(s.labels[stage])
		return err
	})
	return v, err
}

// Versions lists all versions, deprecated ones included, oldest first. A version that a native rotation has
// registered and nobody has put has a zero Value.
func (m *Memory) Versions(ctx context.Context, id string) ([]secrets.Version, error) {
	var versions []secrets.Version
	err := m.with(ctx, "list versions of secret", id, func(s *secret) error {
		for versionID := range s.versions {
			versions = append(versions, s.version(versionID))
		}
		return nil
	})
	slices.SortFunc(versions, func(a, b secrets.Version) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
	return versions, err
}

// with runs do on the secret under the lock, and names operation and secret in its error.
func (m *Memory) with(ctx context.Context, operation, id string, do func(*secret) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	err := ctx.Err()
	if err == nil {
		if s := m.find(id); s != nil {
			err = do(s)
		} else {
			err = secrets.ErrNotFound
		}
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", operation, id, err)
	}
	return nil
}

func (m *Memory) find(id string) *secret {
	if s, ok := m.secrets[id]; ok {
		return s
	}
	for _, s := range m.secrets {
		if s.arn() == id {
			return s
		}
	}
	return nil
}

// instant is the time now with the precision of the service's protocol.
func (m *Memory) instant() time.Time { return m.now().UTC().Truncate(time.Millisecond) }

// arn ends in six characters as the service's do. They come from the name, so that it survives a restart.
func (s *secret) arn() string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(s.name))
	return fmt.Sprintf("arn:aws:secretsmanager:us-east-1:000000000000:secret:%s-%06x", s.name, h.Sum32()&0xffffff)
}

func (s *secret) version(id string) secrets.Version {
	v := secrets.Version{ID: id, Created: s.versions[id].created, Value: s.versions[id].value}
	for stage, holder := range s.labels {
		if holder == id {
			v.Stages = append(v.Stages, stage)
		}
	}
	slices.Sort(v.Stages)
	return v
}

// read gives ErrNotFound for a version without value too, as GetSecretValue does during a native rotation.
func (s *secret) read(id string) (secrets.Version, error) {
	v := s.version(id)
	if v.Value.IsZero() {
		return secrets.Version{}, secrets.ErrNotFound
	}
	return v, nil
}
