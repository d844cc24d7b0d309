package defender

import "encoding/json"

// told remembers how the members of one JSON object were written, as far as the
// Go values do not show it, so that what is read is written again as it was: a
// zero value may stand for a member that was absent, null or empty.
//
// Each field of a Go type has a number, below 64. The zero told is that of a
// value made by hand: its zero fields are not written.
type told struct {
	null  uint64 // the member was there: should the value be zero, null is written
	empty uint64 // the member was there and empty: "", [] or the year 1
	rare  *rarities
}

// rarities are the parts of told that hardly any object needs.
type rarities struct {
	// other marks members of the other JSON type than is usual: numbers written
	// as strings, ids written as numbers, times written as "".
	other  uint64
	strays map[uint][]stray // of each list, in their order
}

// stray is an element of a list that the list's Go type has no place for: a
// null, or a value of another JSON type than the others.
type stray struct {
	at  int // its place in the list as it was told
	raw json.RawMessage
}

// value notes that a member was there, and whether it was empty.
func (t *told) value(field uint, empty bool) {
	t.null |= 1 << field
	t.empty &^= 1 << field
	if empty {
		t.empty |= 1 << field
	}
	if t.rare != nil {
		t.dropRare(field)
	}
}

// forget makes a member absent.
func (t *told) forget(field uint) {
	t.null &^= 1 << field
	t.empty &^= 1 << field
	if t.rare != nil {
		t.dropRare(field)
	}
}

func (t *told) dropRare(field uint) {
	t.rare.other &^= 1 << field
	delete(t.rare.strays, field)
	if t.rare.other == 0 && len(t.rare.strays) == 0 {
		t.rare = nil
	}
}

func (t *told) isEmpty(field uint) bool { return t.empty&(1<<field) != 0 }
func (t *told) isThere(field uint) bool { return t.null&(1<<field) != 0 }

func (t *told) setOther(field uint) {
	if t.rare == nil {
		t.rare = &rarities{}
	}
	t.rare.other |= 1 << field
}

func (t *told) isOther(field uint) bool { return t.rare != nil && t.rare.other&(1<<field) != 0 }

func (t *told) addStray(field uint, s stray) {
	if t.rare == nil {
		t.rare = &rarities{}
	}
	if t.rare.strays == nil {
		t.rare.strays = map[uint][]stray{}
	}
	t.rare.strays[field] = append(t.rare.strays[field], s)
}

func (t *told) strays(field uint) []stray {
	if t.rare == nil {
		return nil
	}
	return t.rare.strays[field]
}

// elsewhere is what still holds when the object is written in the shape of the
// other surface: what was null or empty, not how it was spelled.
func (t *told) elsewhere() *told { return &told{null: t.null, empty: t.empty} }

// spelling is what holds of values alone, wherever they are written.
func (t *told) spelling() told {
	if t.rare == nil || t.rare.other == 0 {
		return told{}
	}
	return told{rare: &rarities{other: t.rare.other}}
}
