package xdrapi

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"sync"

	"github.com/tenantry/tenantry/sandbox/world"
)

// maxEncoded bounds the encoded incidents and alerts that are kept, in bytes.
// One with three alerts takes some 10 kB, so this is several thousand; what
// was dropped is encoded anew.
const maxEncoded = 64 << 20

// form is one way to tell an incident or alert. The world replaces what
// changes and never changes what it has handed out, so the pointer stands for
// everything that is told.
type form struct {
	of     any    // *world.Incident or *world.Alert
	tenant string // links and ids in it; empty where none are told
	parts  parts
}

// parts says what of an item is told, and in whose words.
type parts uint8

const (
	xdrWords       parts = 1 << iota // else Graph's
	unknownMembers                   // of evolvable enums
	withAlerts
)

// shelf keeps encoded items, those used lately, but for very large ones, each
// of which would push many others off. It has two halves: a full
// young half becomes the old one, and what is asked for of the old one is
// young again. It is safe for concurrent use.
type shelf struct {
	mu         sync.RWMutex
	young, old map[form][]byte
	size       int // bytes of young
	most       int // bytes of both
}

func newShelf(most int) *shelf { return &shelf{young: map[form][]byte{}, most: most} }

// get returns the item as JSON, made by encode when it is not on the shelf.
// The bytes are shared and must not be written to.
func (s *shelf) get(f form, encode func() ([]byte, error)) ([]byte, error) {
	s.mu.RLock()
	b, ok := s.young[f]
	aged := false
	if !ok {
		b, aged = s.old[f]
	}
	s.mu.RUnlock()
	switch {
	case ok:
		return b, nil
	case !aged:
		var err error
		if b, err = encode(); err != nil {
			return nil, err
		}
	}
	s.put(f, b)
	return b, nil
}

func (s *shelf) put(f form, b []byte) {
	if len(b) > s.most/16 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.young[f]; ok { // somebody was quicker
		return
	}
	if s.size+len(b) > s.most/2 {
		s.young, s.old, s.size = map[form][]byte{}, s.young, 0
	}
	s.young[f] = b
	s.size += len(b)
}

// encode writes v as JSON, without the escapes that are meant for HTML.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.Clone(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), nil
}

// quoted is a string as JSON.
func quoted(s string) []byte {
	b, err := encode(s)
	if err != nil { // no string fails
		return []byte(`""`)
	}
	return b
}

func (a *API) xdrIncident(in *world.Incident) ([]byte, error) {
	return a.shelf.get(form{of: in, parts: xdrWords | withAlerts}, func() ([]byte, error) {
		return encode(withExtra(toXDR(in), in.Extra, in.ExtraSurface, world.SurfaceXDR))
	})
}

func (a *API) graphIncident(t teller, in *world.Incident, alerts bool) ([]byte, error) {
	f := form{of: in, tenant: t.tenantID, parts: t.parts()}
	if alerts {
		f.parts |= withAlerts
	}
	return a.shelf.get(f, func() ([]byte, error) {
		return encode(withExtra(t.incident(in, alerts), in.Extra, in.ExtraSurface, world.SurfaceGraph))
	})
}

func (a *API) graphAlert(t teller, al *world.Alert) ([]byte, error) {
	return a.shelf.get(form{of: al, tenant: t.tenantID, parts: t.parts()}, func() ([]byte, error) {
		return encode(withExtra(t.alert(al.IncidentID, al), al.Extra, al.ExtraSurface, world.SurfaceGraph))
	})
}

func (t teller) parts() parts {
	if t.unknownMembers {
		return unknownMembers
	}
	return 0
}

// answer is a body of JSON in pieces, which may be shared with other answers.
type answer [][]byte

// collection is an answer with a list. Annotations of the list are given in
// order, as names and encoded values in turn; nil values are left out.
func collection(items [][]byte, annotations ...[]byte) answer {
	head := []byte{'{'}
	for i := 0; i+1 < len(annotations); i += 2 {
		if annotations[i+1] != nil {
			head = append(append(append(append(head, annotations[i]...), ':'), annotations[i+1]...), ',')
		}
	}
	out := make(answer, 0, 2*len(items)+1)
	out = append(out, append(head, `"value":[`...))
	for i, item := range items {
		if i > 0 {
			out = append(out, comma)
		}
		out = append(out, item)
	}
	return append(out, closeList)
}

var comma, closeList = []byte{','}, []byte("]}")

// entity is an answer with one object, its context in front.
func entity(context string, object []byte) answer {
	head := append([]byte(`{"@odata.context":`), quoted(context)...)
	if len(object) > 2 {
		head = append(head, ',')
	}
	return answer{head, object[1:]}
}

func (a answer) length() int {
	n := 0
	for _, p := range a {
		n += len(p)
	}
	return n
}

// blockSize is how much of an answer is gathered before it is written: enough
// for a few TLS records, little enough to stay in the processor's cache.
const blockSize = 64 << 10

// write sends an answer with its length declared. Pieces are gathered into
// blocks, for each write costs a record of its own.
func (a *API) write(w http.ResponseWriter, status int, body answer) {
	w.Header().Set("Content-Length", strconv.Itoa(body.length()))
	w.WriteHeader(status)
	block, _ := a.blocks.Get().(*[]byte)
	defer func() {
		*block = (*block)[:0]
		a.blocks.Put(block)
	}()
	for _, p := range body {
		for len(p) > 0 {
			n := min(len(p), blockSize-len(*block))
			*block = append(*block, p[:n]...)
			p = p[n:]
			if len(*block) == blockSize {
				if _, err := w.Write(*block); err != nil {
					return // the client has gone
				}
				*block = (*block)[:0]
			}
		}
	}
	_, _ = w.Write(*block)
}
