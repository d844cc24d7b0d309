package limit

import "time"

// window is a queue of the times of the calls in it, oldest first, in
// nanoseconds since 1970. It grows with its use up to the rule's calls.
type window struct {
	times []int64 // a ring
	head  int     // index of the oldest
	n     int
}

// advance lets the calls go that are older than per and returns how many are
// left. Calls of a time that is yet to come (the sandbox's clock was set back)
// count as made now, so that no caller waits longer than per.
func (w *window) advance(now int64, per time.Duration) int {
	for i := w.n - 1; i >= 0 && w.times[w.place(i)] > now; i-- {
		w.times[w.place(i)] = now
	}
	for w.n > 0 && now-w.times[w.head] >= int64(per) {
		w.head = (w.head + 1) % len(w.times)
		w.n--
	}
	return w.n
}

func (w *window) place(i int) int { return (w.head + i) % len(w.times) }

func (w *window) oldest() int64 { return w.times[w.head] }

func (w *window) newest() int64 {
	if w.n == 0 {
		return 0
	}
	return w.times[w.place(w.n-1)]
}

func (w *window) add(now int64) {
	if w.n == len(w.times) {
		grown := make([]int64, max(4, 2*w.n))
		for i := range w.n {
			grown[i] = w.times[w.place(i)]
		}
		w.times, w.head = grown, 0
	}
	w.times[w.place(w.n)] = now
	w.n++
}
