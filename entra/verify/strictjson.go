package verify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"time"
	"unicode/utf8"
)

// maxDepth is how deep the JSON of a token or a key set may nest. Entra's
// deepest claim (acrs inside access_token requests) nests three levels.
const maxDepth = 16

// decodeObject decodes one JSON object into its members and refuses what two
// parsers could read in two ways: duplicate members at any depth, invalid
// UTF-8, a byte order mark, bytes after the object, absurd nesting. Member
// names are matched exactly by the callers, unlike encoding/json does for
// struct fields.
func decodeObject(data []byte) (map[string]json.RawMessage, error) {
	if !utf8.Valid(data) {
		return nil, errors.New("is not valid UTF-8")
	}
	if bytes.HasPrefix(data, []byte("\ufeff")) {
		return nil, errors.New("starts with a byte order mark")
	}
	if !json.Valid(data) {
		return nil, errors.New("is not valid JSON")
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	first, err := dec.Token()
	if err != nil {
		return nil, errors.New("is not valid JSON")
	}
	if first != json.Delim('{') {
		return nil, errors.New("is not a JSON object")
	}
	if err := walkObject(dec, 1); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("has something after its JSON object")
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return nil, errors.New("is not valid JSON")
	}
	return members, nil
}

// walkObject reads the members of an object whose opening brace was read.
func walkObject(dec *json.Decoder, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("nests deeper than %d levels", maxDepth)
	}
	seen := map[string]bool{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return errors.New("is not valid JSON")
		}
		name, _ := key.(string)
		if seen[name] {
			return fmt.Errorf("has the member %s twice", printable(name))
		}
		seen[name] = true
		if err := walkValue(dec, depth); err != nil {
			return err
		}
	}
	_, err := dec.Token()
	return err
}

func walkValue(dec *json.Decoder, depth int) error {
	tok, err := dec.Token()
	if err != nil {
		return errors.New("is not valid JSON")
	}
	switch tok {
	case json.Delim('{'):
		return walkObject(dec, depth+1)
	case json.Delim('['):
		if depth+1 > maxDepth {
			return fmt.Errorf("nests deeper than %d levels", maxDepth)
		}
		for dec.More() {
			if err := walkValue(dec, depth+1); err != nil {
				return err
			}
		}
		_, err := dec.Token()
		return err
	}
	return nil
}

var plainSeconds = regexp.MustCompile(`^(0|[1-9][0-9]{0,11})$`)

// latest is the last second of the year 9999, beyond which a time is not
// meant as one.
const latest = 253402300799

// decodeTime reads a NumericDate the way Entra writes it: whole seconds since
// 1970 as a JSON integer.
func decodeTime(raw json.RawMessage) (time.Time, bool) {
	if !plainSeconds.Match(raw) {
		return time.Time{}, false
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil || n > latest {
		return time.Time{}, false
	}
	return time.Unix(n, 0).UTC(), true
}

func decodeString(raw json.RawMessage) (string, bool) {
	if len(raw) == 0 || raw[0] != '"' {
		return "", false
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return "", false
	}
	return s, true
}

func decodeStrings(raw json.RawMessage) ([]string, bool) {
	if len(raw) == 0 || raw[0] != '[' {
		return nil, false
	}
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil {
		return nil, false
	}
	list := make([]string, 0, len(items))
	for _, item := range items {
		s, ok := decodeString(item)
		if !ok {
			return nil, false
		}
		list = append(list, s)
	}
	return list, true
}
