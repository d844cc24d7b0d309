package entra

import (
	"hash/maphash"
	"math/bits"
	"sync"
	"sync/atomic"
)

// shelf holds the slots of one resource, by tenant. Looking a slot up takes no
// lock and allocates nothing; adding and removing happen under mu.
//
// It is an open-addressing table of our own and not a sync.Map because a hit
// should cost about what a plain map read costs: one hash, as a rule one line
// of the table, one line of the slot.
type shelf struct {
	resource  Resource // as first asked for; its strings are shared by all grants
	audiences []string // {resource.URI}, shared likewise
	seed      maphash.Seed

	table atomic.Pointer[table]

	mu    sync.Mutex
	count int
}

// table never loses an entry: removing makes a new table.
type table struct {
	mask    uint64
	buckets []bucket
}

// bucket is one cache line: seven slots, and a word with one byte of hash for
// each, so that one comparison finds the place without a branch per place. The
// highest byte is 1 when the bucket is full and others lie in the next one.
//
// A writer sets the slot, then its byte; a reader who sees the byte sees the
// slot. A byte of 0 is an empty place.
type bucket struct {
	tags  atomic.Uint64
	slots [7]atomic.Pointer[slot]
}

const (
	perBucket = 7
	// wantedPerBucket is the average beyond which the table doubles: few
	// buckets are full then.
	wantedPerBucket = 4
	ones            = 0x01_01_01_01_01_01_01_01
	full            = 1 << 56
)

// tenantIDLength is the length of every TenantID that passed validate.
const tenantIDLength = 36

func newShelf(r Resource) *shelf {
	sh := &shelf{resource: r, audiences: []string{r.URI}, seed: maphash.MakeSeed()}
	sh.table.Store(newTable(0))
	return sh
}

// newTable has room for count slots and as many again before it is full.
func newTable(count int) *table {
	size := 1
	for count >= wantedPerBucket*size {
		size *= 2
	}
	return &table{mask: uint64(size - 1), buckets: make([]bucket, size)}
}

// find returns the tenant's slot, nil if there is none.
func (sh *shelf) find(tenant TenantID) *slot {
	if len(tenant) != tenantIDLength {
		return nil
	}
	return sh.table.Load().find(sh.hash(tenant), tenant)
}

func (sh *shelf) hash(tenant TenantID) uint64 { return maphash.String(sh.seed, string(tenant)) }

// tagOf is the byte of a hash in a bucket's word, never 0.
func tagOf(hash uint64) uint64 { return max(hash>>56, 1) }

func (t *table) find(hash uint64, tenant TenantID) *slot {
	pattern := tagOf(hash) * ones
	for i := hash; ; i++ {
		b := &t.buckets[i&t.mask]
		tags := b.tags.Load()
		// Zero bytes of differ are places with our tag. The bit trick may name
		// a place too many, never one too few; the ids are compared anyway.
		differ := tags ^ pattern | 0xff<<56
		for match := (differ - ones) &^ differ & (0x80 * ones); match != 0; match &= match - 1 {
			s := b.slots[bits.TrailingZeros64(match)>>3].Load()
			if s != nil && string(s.id[:]) == string(tenant) {
				return s
			}
		}
		if tags&full == 0 {
			return nil
		}
	}
}

// put adds a slot that is not there yet. The caller holds the shelf's lock and
// keeps places empty.
func (t *table) put(hash uint64, s *slot) {
	for i := hash; ; i++ {
		b := &t.buckets[i&t.mask]
		tags := b.tags.Load()
		for j := range perBucket {
			if tags>>(8*j)&0xff == 0 {
				b.slots[j].Store(s)
				b.tags.Store(tags | tagOf(hash)<<(8*j))
				return
			}
		}
		b.tags.Store(tags | full)
	}
}

// each calls f with every slot.
func (t *table) each(f func(*slot)) {
	for i := range t.buckets {
		b := &t.buckets[i]
		for j := range b.slots {
			if s := b.slots[j].Load(); s != nil {
				f(s)
			}
		}
	}
}

// make returns the tenant's slot, a new one if there is none.
func (sh *shelf) make(tenant TenantID) *slot {
	hash := sh.hash(tenant)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	t := sh.table.Load()
	if s := t.find(hash, tenant); s != nil {
		return s
	}
	s := &slot{shelf: sh}
	copy(s.id[:], tenant)
	if sh.count+1 > wantedPerBucket*len(t.buckets) {
		bigger := newTable(sh.count + 1)
		t.each(func(old *slot) { bigger.put(sh.hash(TenantID(old.id[:])), old) })
		bigger.put(hash, s)
		sh.table.Store(bigger)
	} else {
		t.put(hash, s)
	}
	sh.count++
	return s
}

// each calls f with every slot of the moment.
func (sh *shelf) each(f func(*slot)) { sh.table.Load().each(f) }

// remove takes the slots out for which retire says so; retire marks the slot,
// so that whoever still holds it looks again. It reports how many went.
func (sh *shelf) remove(retire func(*slot) bool) int {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	kept := make([]*slot, 0, sh.count)
	sh.table.Load().each(func(s *slot) {
		if !retire(s) {
			kept = append(kept, s)
		}
	})
	gone := sh.count - len(kept)
	if gone == 0 {
		return 0
	}
	fresh := newTable(len(kept))
	for _, s := range kept {
		fresh.put(sh.hash(TenantID(s.id[:])), s)
	}
	sh.count = len(kept)
	sh.table.Store(fresh)
	return gone
}
