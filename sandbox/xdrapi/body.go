package xdrapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
)

// maxBody bounds a request body, in bytes. Microsoft Graph takes 4 MB; that
// the other surface does too is ours.
const maxBody = 4 << 20

// What is wrong with a body, before a surface puts it in its own words.
var (
	errTooLarge    = errors.New("the body is too large")
	errCutOff      = errors.New("the body was cut off")
	errNoType      = errors.New("the request has no Content-Type")
	errWrongType   = errors.New("the Content-Type is not application/json")
	errNotAnObject = errors.New("the body is not one JSON object")
)

// member is one name and value of a body.
type member struct {
	name string
	raw  json.RawMessage
}

func (m member) null() bool { return string(m.raw) == "null" }

// text reads a string. ok is false for every other type.
func (m member) text() (s string, ok bool) {
	return s, !m.null() && json.Unmarshal(m.raw, &s) == nil
}

// texts reads a list of strings.
func (m member) texts() (out []string, ok bool) {
	var all []*string
	if m.null() || json.Unmarshal(m.raw, &all) != nil || slices.Contains(all, nil) {
		return nil, false
	}
	out = make([]string, len(all))
	for i, s := range all {
		out[i] = *s
	}
	return out, true
}

// readObject reads a request's JSON object. Members come in alphabetical order,
// so that the first error is always the same one; annotations are left out.
func readObject(w http.ResponseWriter, r *http.Request) ([]member, error) {
	declared := r.Header.Get("Content-Type")
	if declared == "" {
		return nil, errNoType
	}
	if kind, _, err := mime.ParseMediaType(declared); err != nil || kind != "application/json" {
		return nil, errWrongType
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, errTooLarge
	case err != nil:
		return nil, errCutOff
	}
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf")) // .NET's byte order mark
	var all map[string]json.RawMessage
	if json.Unmarshal(raw, &all) != nil || all == nil {
		return nil, errNotAnObject
	}
	out := make([]member, 0, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if !strings.Contains(name, "@odata.") {
			out = append(out, member{name, all[name]})
		}
	}
	return out, nil
}
