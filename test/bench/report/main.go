// Command report measures the mint beside its yardsticks and prints the tables of
// docs/internals/performance.md:
//
//	go run ./test/bench/report
//
// It runs in the module's root, on Linux. A target that is missed is no error: times belong to a
// machine, and to what else it does.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"github.com/tokenmint/tokenmint/test/bench"
)

func main() {
	flags := flag.NewFlagSet("report", flag.ExitOnError)
	rounds := flags.Int("n", 200, "how often each bootstrap is started")
	_ = flags.Parse(os.Args[1:]) // it exits
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	results, err := measure(ctx, *rounds)
	if err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
	fmt.Print(results.Markdown())
}

func measure(ctx context.Context, rounds int) (results bench.Results, err error) {
	if rounds < 1 {
		return results, errors.New("-n must be 1 or more")
	}
	lab, err := bench.Open(ctx, ".")
	if err != nil {
		return results, err
	}
	defer func() { err = errors.Join(err, lab.Close()) }()
	return lab.Measure(ctx, rounds)
}
