package xdrapi

import (
	"bytes"
	"encoding/json"
)

// withExtra adds what a recording told beyond the known properties; it tells
// nothing when the recording is of the other surface, and replaces only what v
// leaves empty.
func withExtra(v any, extra map[string]json.RawMessage, recorded, surface string) any {
	if len(extra) == 0 || recorded != surface {
		return v
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	var all map[string]json.RawMessage
	if enc.Encode(v) != nil || json.Unmarshal(b.Bytes(), &all) != nil {
		return v
	}
	for name, raw := range extra {
		switch string(all[name]) {
		case "", "null", "[]", "{}":
			all[name] = raw
		}
	}
	return all
}
