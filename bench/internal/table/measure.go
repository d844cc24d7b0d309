package table

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"
)

// Footer says on what the figures were taken.
func Footer(w io.Writer, began time.Time) {
	fmt.Fprintf(w, "\n%s, GOMAXPROCS %d, %s; took %.0f s, load average %s.\n",
		runtime.Version(), runtime.GOMAXPROCS(0), processor(), time.Since(began).Seconds(), load())
}

// processor is the name the system gives to the processor.
func processor() string {
	data, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(data)) {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			return strings.TrimSpace(strings.TrimLeft(name, "\t :"))
		}
	}
	return runtime.GOARCH
}

// load is the system's load average over the last minutes: above GOMAXPROCS,
// something else ran on the machine and figures are to be doubted.
func load() string {
	data, _ := os.ReadFile("/proc/loadavg")
	fields := strings.Fields(string(data))
	return strings.Join(fields[:min(3, len(fields))], " ")
}

// Mallocs is how many allocations this process has made.
func Mallocs() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}

// Heap is what is in use after garbage collection.
func Heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// Each calls f(0) to f(n-1) from so many callers and returns the first error.
func Each(n, callers int, f func(i int) error) error {
	work := make(chan int, n)
	for i := range n {
		work <- i
	}
	close(work)
	var wg sync.WaitGroup
	var once sync.Once
	var first error
	for range min(n, callers) {
		wg.Go(func() {
			for i := range work {
				if err := f(i); err != nil {
					once.Do(func() { first = err })
					return
				}
			}
		})
	}
	wg.Wait()
	return first
}
