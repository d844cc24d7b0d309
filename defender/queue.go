package defender

import (
	"slices"
	"time"
)

// ticket is one who wants to make a call.
type ticket struct {
	kind  kind
	until time.Time // asleep until then
}

func (b *Budget) queue(k kind) *ticket {
	t := &ticket{kind: k}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting = append(b.waiting, t)
	return t
}

func (b *Budget) leave(t *ticket) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := slices.Index(b.waiting, t); i >= 0 {
		b.waiting = slices.Delete(b.waiting, i, i+1)
	}
}

// ahead counts those who came before t for the same kind of call and are awake,
// or about to be. Who sleeps longer than that keeps nobody from a place that is
// free now.
func (b *Budget) ahead(t *ticket, now time.Time) (n int) {
	for _, other := range b.waiting {
		if other == t {
			break
		}
		if other.kind == t.kind && !other.until.After(now.Add(margin)) {
			n++
		}
	}
	return n
}

// pause is what a refusal for too many calls did to a kind of call. It lasts
// until a call that was made after it is answered.
type pause struct {
	until time.Time // when the service wants the next call
	next  time.Time // when the next of those may go that go one by one
}

func (p pause) ends() time.Time { return later(p.until, p.next) }

// oneByOneEvery is how far calls are apart after a refusal, until one is answered:
// whoever else spends the limit may go on, and then each call sent is one
// refused more. Ours.
const oneByOneEvery = time.Second

// kin lists the kinds that share a limit with k, k among them.
func (b *Budget) kin(k kind) []kind {
	kinds := []kind{k}
	add := func(op Operation) {
		if other := (kind{k.surface, op}); !slices.Contains(kinds, other) {
			kinds = append(kinds, other)
		}
	}
	for _, l := range b.limits {
		if !l.covers(k.surface, k.op) {
			continue
		}
		for _, op := range l.Operations {
			add(op)
		}
		if len(l.Operations) == 0 {
			for _, c := range calls(k.surface) {
				add(c.op)
			}
		}
	}
	return kinds
}

// pause stops calls of a kind, and of all that share a limit with it, for a while.
func (b *Budget) pause(s Surface, op Operation, d time.Duration) {
	until := b.clock().Add(d)
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, k := range b.kin(kind{s, op}) {
		p := b.paused[k]
		p.until = later(p.until, until)
		b.paused[k] = p
	}
}

// oneByOne lets no other call of a kind that was paused go for a moment.
func (b *Budget) oneByOne(k kind, now time.Time) {
	if _, hurt := b.paused[k]; !hurt {
		return
	}
	for _, k := range b.kin(k) {
		if p, hurt := b.paused[k]; hurt {
			p.next = later(p.next, now.Add(oneByOneEvery))
			b.paused[k] = p
		}
	}
}

// heal ends the pauses that an answered call was made after.
func (b *Budget) heal(s *slot) {
	if _, hurt := b.paused[s.kind]; !hurt {
		return
	}
	for _, k := range b.kin(s.kind) {
		if p, hurt := b.paused[k]; hurt && !s.began.Before(p.until) {
			delete(b.paused, k)
		}
	}
}
