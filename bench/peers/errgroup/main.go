// Go's errgroup with a limit, doing what `bench-sync bounded-ready` does: prints
// the nanoseconds of one function that returns at once.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"
)

// The number of threads that run tasks on the other side.
const workers = 2

func main() {
	count := flag.Int("count", 1_000_000, "the number of functions")
	limit := flag.Int("limit", 64, "how many may run at once")
	flag.Parse()
	runtime.GOMAXPROCS(workers)

	// A tenth warms up.
	for _, functions := range []int{*count / 10, *count} {
		took, err := run(functions, *limit)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if functions == *count {
			fmt.Println(float64(took.Nanoseconds()) / float64(functions))
		}
	}
}

func run(functions, limit int) (time.Duration, error) {
	start := time.Now()
	var group errgroup.Group
	group.SetLimit(limit)
	for range functions {
		group.Go(func() error { return nil })
	}
	err := group.Wait()
	return time.Since(start), err
}
