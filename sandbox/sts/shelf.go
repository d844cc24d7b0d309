package sts

import (
	"crypto/rand"
	"encoding/base64"
	"sync"
	"time"
)

// shelf keeps values under unguessable keys until a time. The zero value is
// ready; its methods are safe for concurrent use.
type shelf[T any] struct {
	mu    sync.Mutex
	items map[string]*shelved[T]
	puts  int
}

type shelved[T any] struct {
	value T
	until time.Time
}

// sweepEvery bounds what an abandoned sandbox can pile up: expired values are
// looked for once in so many puts.
const sweepEvery = 256

func (s *shelf[T]) put(key string, value T, now, until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.items == nil {
		s.items = map[string]*shelved[T]{}
	}
	if s.puts++; s.puts%sweepEvery == 0 {
		for k, v := range s.items {
			if now.After(v.until) {
				delete(s.items, k)
			}
		}
	}
	s.items[key] = &shelved[T]{value, until}
}

func (s *shelf[T]) get(key string, now time.Time) (T, bool) {
	var out T
	ok := s.change(key, now, func(v *T) { out = *v })
	return out, ok
}

// change runs f on the value in place, alone.
func (s *shelf[T]) change(key string, now time.Time, f func(*T)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.items[key]
	if !ok || now.After(v.until) {
		return false
	}
	f(&v.value)
	return true
}

func (s *shelf[T]) drop(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.items, key)
}

// unguessable returns 32 random bytes in base64url.
func unguessable() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	return base64.RawURLEncoding.EncodeToString(b[:])
}
