package bench_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/test/bench"
)

func TestMarkdownSaysWhatIsMissed(t *testing.T) {
	t.Parallel()
	const kept, missed = 13 * time.Millisecond, 14 * time.Millisecond
	for startUp, want := range map[time.Duration]string{
		kept:   "| start-up, mint-table to hello | 1.35 × | 1.3 × | met |\n",
		missed: "| start-up, mint-table to hello | 1.35 × | 1.4 × | **not met** |\n",
	} {
		results := bench.Results{Rounds: 3, Of: map[string]bench.Figures{
			bench.Hello: {StartUp: 10 * time.Millisecond},
			bench.Table: {StartUp: startUp},
		}}
		if got := results.Markdown(); !strings.Contains(got, want) {
			t.Errorf("with a start-up of %s, %q is not in:\n%s", startUp, want, got)
		}
	}
}
