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

// Memory is a [secrets.Store] in memory with the rules of Secrets Manager. Tests and the local
// runner use it. Methods may be called at the same time, and each is atomic. The additional methods
// are for the simulator of the service.
//
// Memory does not simulate the deletion of secrets and versions, partial ARNs, the limit on the
// rate of puts, and the delay between a write and the reads that show it.
type Memory struct {
	now     func() time.Time
	mu      sync.Mutex
	secrets map[string]*secret // by name
	bus     bus
}

// secret is one secret. A label is on one version only, so the map goes from the label to the
// version.
type secret struct {
	name            string
	rotationEnabled bool
	now             func() time.Time
	created         time.Time
	changed         time.Time          // the last change of a version or label
	versions        map[string]version // by id
	labels          map[string]string  // label -> version id
}

type version struct {
	created time.Time
	value   secrets.Value // zero if a native rotation has registered the version without a value
}

// NewMemory returns an empty store. The function now gives the time of each change. It must not be
// nil.
func NewMemory(now func() time.Time) *Memory {
	return &Memory{now: now, secrets: map[string]*secret{}}
}

// isName reports whether CreateSecret accepts a name: 1 to 512 letters, digits and /_+=.@-.
func isName(name string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	return len(name) >= 1 && len(name) <= 512 &&
		strings.Trim(name, letters+"0123456789/_+=.@-") == ""
}

// Create creates a secret whose first version is current. With a zero Value the secret has no
// version yet. A repeated call with the same version and value has no effect. Otherwise a taken
// name is ErrExists. A name, version id or value that the service refuses is ErrInvalid.
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
		return fmt.Errorf("name is not 1 to 512 letters, digits and /_+=.@-: %w",
			secrets.ErrInvalid)
	}
	if s, ok := m.secrets[name]; ok {
		if old, ok := s.versions[versionID]; ok && old.value == v {
			return nil
		}
		return secrets.ErrExists
	}
	now := m.instant()
	s := &secret{name: name, now: m.instant, created: now, changed: now,
		versions: map[string]version{}, labels: map[string]string{}}
	if !v.IsZero() {
		if err := s.put(versionID, v, []string{secrets.Current}, now); err != nil {
			return err
		}
	}
	m.secrets[name] = s
	return nil
}

// Describe returns the secret's labels. In all methods, id is the secret's name or its complete
// ARN.
func (m *Memory) Describe(ctx context.Context, id string) (secrets.Description, error) {
	var d secrets.Description
	err := m.with(ctx, "describe secret", id, func(s *secret) error {
		d = secrets.Description{Name: s.name, ARN: s.arn(), RotationEnabled: s.rotationEnabled,
			Stages: map[string][]string{}}
		d.Created, d.Changed = s.created, s.changed
		for _, stage := range slices.Sorted(maps.Keys(s.labels)) {
			versionID := s.labels[stage]
			d.Stages[versionID] = append(d.Stages[versionID], stage)
		}
		return nil
	})
	return d, err
}

// Get reads a version. The version may have no labels. An empty versionID means the current
// version.
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

// GetStage reads the version that has the label. It is ErrNotFound if no version has it.
func (m *Memory) GetStage(ctx context.Context, id, stage string) (secrets.Version, error) {
	var v secrets.Version
	err := m.with(ctx, "get "+stage+" of secret", id, func(s *secret) (err error) {
		v, err = s.read(s.labels[stage])
		return err
	})
	return v, err
}

// Versions returns all versions, oldest first, including those without labels. A version that a
// native rotation has registered and that has no value yet has a zero Value.
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

// with calls do with the secret, under the lock. Its error names the operation and the secret.
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

// instant returns the current time with the precision of the service's protocol.
func (m *Memory) instant() time.Time { return m.now().UTC().Truncate(time.Millisecond) }

// arn returns an ARN that ends in six characters, as at the service. They depend on the name only,
// so a restart does not change the ARN.
func (s *secret) arn() string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(s.name))
	return fmt.Sprintf("arn:aws:secretsmanager:us-east-1:000000000000:secret:%s-%06x", s.name,
		h.Sum32()&0xffffff)
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

// read returns a version. A version without a value is ErrNotFound, as GetSecretValue answers in a
// native rotation.
func (s *secret) read(id string) (secrets.Version, error) {
	v := s.version(id)
	if v.Value.IsZero() {
		return secrets.Version{}, secrets.ErrNotFound
	}
	return v, nil
}
