package aws

import (
	"fmt"

	"github.com/tokenmint/tokenmint/internal/secrets"
)

// The service's limits (API reference of PutSecretValue and UpdateSecretVersionStage, service
// quotas).
const (
	minVersionID = 32
	maxVersionID = 64
	maxValue     = 64 << 10 // bytes
	maxLabel     = 256      // characters
	maxLabels    = 20       // on one version
)

func checkPut(versionID string, v secrets.Value, stages []string) error {
	switch n := len(v.Reveal()); {
	case n == 0:
		return fmt.Errorf("no value: %w", secrets.ErrInvalid)
	case n > maxValue:
		return fmt.Errorf("value of %d bytes, at most %d: %w", n, maxValue, secrets.ErrInvalid)
	case len(stages) == 0:
		return fmt.Errorf("no label: %w", secrets.ErrInvalid)
	case len(stages) > maxLabels:
		return fmt.Errorf("%d labels, at most %d: %w", len(stages), maxLabels, secrets.ErrInvalid)
	}
	for _, stage := range stages {
		if err := checkLabel(stage); err != nil {
			return err
		}
	}
	return checkVersionID(versionID)
}

func checkVersionID(id string) error {
	if len(id) < minVersionID || len(id) > maxVersionID {
		return fmt.Errorf("version id (ClientRequestToken) of %d characters, not %d to %d: %w",
			len(id), minVersionID, maxVersionID, secrets.ErrInvalid)
	}
	return nil
}

func checkLabel(stage string) error {
	if stage == "" || len(stage) > maxLabel {
		return fmt.Errorf("label of %d characters, not 1 to %d: %w", len(stage), maxLabel,
			secrets.ErrInvalid)
	}
	return nil
}
