package tokencache_test

import (
	"testing"

	"github.com/tokenmint/tokenmint/internal/tokencache"
	"github.com/tokenmint/tokenmint/internal/tokencache/storetest"
)

func TestMemoryConforms(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) tokencache.Store { return tokencache.NewMemory() })
}
