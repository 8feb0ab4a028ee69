package secrets_test

import (
	"testing"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/secrets/secretstest"
)

func TestMemoryConforms(t *testing.T) {
	t.Parallel()
	secretstest.Run(t, func(_ *testing.T, mem *secrets.Memory) secretstest.Store { return mem })
}
