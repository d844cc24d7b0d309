package fault

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
)

// Parse reads one fault from JSON. It is strict: unknown and repeated keys,
// values of a wrong type and anything behind the object are refused, all at
// once, by a *[SpecError] that names the fields. Whether the tenants exist is
// judged by [Set.Add].
func Parse(raw []byte) (Spec, error) {
	var s Spec
	var c checker
	members, err := object(raw, &c)
	if err != nil {
		c.wrong("body", `send one JSON object, such as {"kind":"slow","delay":"500ms"}`, "is not a JSON object: %v", err)
		return Spec{}, c.err()
	}
	fields := map[string]any{
		"kind": &s.Kind, "services": &s.Services, "tenant": &s.Tenant, "operations": &s.Operations, "probability": &s.Probability, "seed": &s.Seed, "count": &s.Count, "for": &s.For,
		"delay": &s.Delay, "delayMax": &s.DelayMax, "status": &s.Status, "body": &s.Body, "bytes": &s.Bytes, "items": &s.Items,
		"requests": &s.Requests, "window": &s.Window, "retryAfter": &s.RetryAfter, "retryAfterAs": &s.RetryAfterAs,
		"otherTenant": &s.OtherTenant, "audience": &s.Audience, "refreshIn": &s.RefreshIn, "lifetime": &s.Lifetime, "offset": &s.Offset,
	}
	for _, m := range members {
		at, ok := fields[m.name]
		if !ok {
			c.wrong(m.name, oneOf(sortedKeys(fields)), "is not known")
			continue
		}
		if string(m.value) == "null" {
			c.wrong(m.name, "leave it out", "is null")
			continue
		}
		if err := json.Unmarshal(m.value, at); err != nil {
			c.wrong(m.name, expected(at), "cannot be read")
		}
	}
	if len(c.problems) > 0 {
		return Spec{}, c.err()
	}
	return s, nil
}

type member struct {
	name  string
	value json.RawMessage
}

// object takes a JSON object apart, in order; encoding/json alone would let
// the last of two equal keys win.
func object(raw []byte, c *checker) ([]member, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	open, err := dec.Token()
	if err != nil {
		return nil, err
	}
	if open != json.Delim('{') {
		return nil, errors.New("it begins with something else")
	}
	var all []member
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, err
		}
		name, _ := key.(string) // the decoder takes nothing else for a key
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, err
		}
		if slices.ContainsFunc(all, func(m member) bool { return m.name == name }) {
			c.wrong(name, "give it once", "is given more than once")
			continue
		}
		all = append(all, member{name, value})
	}
	if _, err := dec.Token(); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("something follows the object")
	}
	return all, nil
}

func sortedKeys(m map[string]any) []string {
	all := make([]string, 0, len(m))
	for k := range m {
		all = append(all, k)
	}
	slices.Sort(all)
	return all
}

// expected says in words which JSON value a field takes.
func expected(at any) string {
	switch at.(type) {
	case *Duration:
		return `use a duration in a text, such as "500ms", "30s" or "10m"`
	case *[]string:
		return `use a list of texts, such as ["token"]`
	case *float64:
		return "use a number above 0, up to 1"
	case *int, **int, *uint64:
		return "use a whole number"
	}
	return "use a text in quotes"
}
