package aws

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
)

// snapshot is the JSON form of a Memory. It contains the values in plain text.
type snapshot struct {
	Secrets []savedSecret `json:"secrets"`
}

type savedSecret struct {
	Name            string            `json:"name"`
	RotationEnabled bool              `json:"rotation_enabled,omitempty"`
	Created         time.Time         `json:"created,omitzero"`
	Changed         time.Time         `json:"changed,omitzero"`
	Labels          map[string]string `json:"labels"` // label -> version id
	Versions        []savedVersion    `json:"versions"`
}

type savedVersion struct {
	ID      string    `json:"id"`
	Created time.Time `json:"created"`
	Value   string    `json:"value,omitempty"`
}

// Snapshot returns the store's content as JSON. It contains the secret values in plain text, so a
// file with it must be private.
func (m *Memory) Snapshot() ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	snap := snapshot{Secrets: []savedSecret{}}
	for _, name := range slices.Sorted(maps.Keys(m.secrets)) {
		s := m.secrets[name]
		saved := savedSecret{Name: name, RotationEnabled: s.rotationEnabled, Created: s.created,
			Changed: s.changed,
			Labels:  s.labels, Versions: []savedVersion{}}
		for _, id := range slices.Sorted(maps.Keys(s.versions)) {
			v := s.versions[id]
			saved.Versions = append(saved.Versions,
				savedVersion{ID: id, Created: v.created, Value: v.value.Reveal()})
		}
		snap.Secrets = append(snap.Secrets, saved)
	}
	return json.MarshalIndent(snap, "", "  ")
}

// Restore replaces the store's content with that of a snapshot. After an error nothing has changed.
// Errors do not quote values.
func (m *Memory) Restore(data []byte) error {
	var snap snapshot
	if err := json.Unmarshal(data, &snap); err != nil {
		return fmt.Errorf("restore secrets: %w", secrets.JSONError(err))
	}
	restored := map[string]*secret{}
	for _, saved := range snap.Secrets {
		s := &secret{name: saved.Name, rotationEnabled: saved.RotationEnabled,
			now: m.instant, created: saved.Created, changed: saved.Changed,
			versions: map[string]version{}, labels: map[string]string{}}
		for _, v := range saved.Versions {
			s.versions[v.ID] = version{created: v.Created, value: secrets.NewValue(v.Value)}
		}
		for label, id := range saved.Labels {
			if _, ok := s.versions[id]; !ok {
				return fmt.Errorf("restore secrets: label %s of %s is on an unknown version",
					label, s.name)
			}
			s.labels[label] = id
		}
		restored[s.name] = s
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.secrets = restored
	return nil
}
