package fault

import (
	"net/http"
	"time"

	"github.com/tenantry/tenantry/sandbox/journal"
)

// Now is the sandbox's clock: the true one with the offset in force. It is
// what tokens, their verification, the windows of secrets and assertions and
// Retry-After dates go by.
func (s *Set) Now() time.Time {
	now := s.cfg.Now()
	return now.Add(s.offset(now))
}

func (s *Set) offset(now time.Time) time.Duration {
	c := s.clock.Load()
	if c == nil || (!c.until.IsZero() && !now.Before(c.until)) {
		return 0
	}
	return c.offset
}

// Date makes an answer's Date header that of the sandbox's clock, while it
// differs from the true one, and notes so in the journal.
func (s *Set) Date(w http.ResponseWriter, r *http.Request) {
	c := s.clock.Load()
	if c == nil {
		return
	}
	now := s.cfg.Now()
	off := s.offset(now)
	if off == 0 {
		return
	}
	w.Header().Set("Date", now.Add(off).UTC().Format(http.TimeFormat))
	s.mu.Lock()
	for _, e := range s.faults {
		if e.id == c.id {
			e.matched++
			e.struck++
		}
	}
	s.mu.Unlock()
	note(r.Context(), c.id, Clock, map[string]any{"offset": off.String()})
}

// Keys names the published signing keys by their ids.
type Keys struct {
	Previous string `json:"previous"` // signed before: its tokens still verify
	Current  string `json:"current"`  // signs now
	Next     string `json:"next"`     // is published already and will sign
}

// Keys returns the ids of the published keys.
func (s *Set) Keys() (Keys, error) {
	if s.cfg.Keys == nil {
		return Keys{}, ErrNoKeys
	}
	var k Keys
	k.Previous, k.Current, k.Next = s.cfg.Keys.KeyIDs()
	return k, nil
}

// RotateKeys makes the next key sign, now, and publishes a new next one. What
// the key before last signed is refused from then on.
func (s *Set) RotateKeys() (Keys, error) {
	if s.cfg.Keys == nil {
		return Keys{}, ErrNoKeys
	}
	if err := s.cfg.Keys.Rotate(); err != nil {
		return Keys{}, err
	}
	k, err := s.Keys()
	if err == nil && s.cfg.Journal != nil {
		s.cfg.Journal.Append(journal.Event{
			Kind: journal.KindState, What: "keys.rotated",
			Detail: map[string]any{"previous": k.Previous, "current": k.Current, "next": k.Next},
		})
	}
	return k, err
}
