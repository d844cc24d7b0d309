package output

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Compose makes one JSON object of head's properties followed by those of body
// that head does not have. Body's are written as they are, in their order: it
// is how a record of a service, which has a spelling of its own, gets the
// tenant it belongs to.
func Compose(head, body any) ([]byte, error) {
	first, err := json.Marshal(head)
	if err != nil {
		return nil, fmt.Errorf("write JSON: %w", err)
	}
	rest, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("write JSON: %w", err)
	}
	var taken map[string]json.RawMessage
	if err := json.Unmarshal(first, &taken); err != nil || taken == nil {
		return nil, fmt.Errorf("write JSON: the head of a record is no object: %s", kindOf(first))
	}
	dec := json.NewDecoder(bytes.NewReader(rest))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, fmt.Errorf("write JSON: a record is no object: %s", kindOf(rest))
	}
	out := bytes.TrimSuffix(first, []byte("}"))
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, fmt.Errorf("write JSON: %w", err)
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, fmt.Errorf("write JSON: %w", err)
		}
		name, _ := key.(string)
		if _, have := taken[name]; have {
			continue
		}
		quoted, err := json.Marshal(name)
		if err != nil {
			return nil, fmt.Errorf("write JSON: %w", err)
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(append(out, quoted...), ':'), value...)
	}
	return append(out, '}'), nil
}

// kindOf names the kind of a JSON value without showing it.
func kindOf(text []byte) string {
	switch {
	case len(text) == 0:
		return "nothing"
	case text[0] == '[':
		return "a list"
	case text[0] == '"':
		return "a text"
	case text[0] == 'n':
		return "null"
	}
	return "a scalar"
}
