package mdeapi

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

	"github.com/tenantry/tenantry/sandbox/journal"
)

// maxBody bounds a request's body, in bytes. It is ours.
const maxBody = 1 << 20

// parameters are the members of a JSON body.
type parameters map[string]json.RawMessage

func invalidBody(reason string) *apiError {
	// The message is that of the error page's example.
	return &apiError{status: http.StatusBadRequest, code: "InvalidRequestBody", message: "Request body is incorrect", reason: "the body is refused: " + reason}
}

func missing(parameter string) *apiError {
	return badRequest("MissingRequiredParameter", "Parameter "+parameter+" is missing.")
}

// readBody reads a JSON object; an empty body is an empty one. Parameters that
// nobody knows are passed over (ours). One that differs from a known one in
// the case of its letters alone is refused, because the error page says that
// parameters are case-sensitive and to look there first.
func (c *call) readBody(known ...string) (parameters, *apiError) {
	raw, err := io.ReadAll(io.LimitReader(c.r.Body, maxBody+1))
	switch {
	case err != nil:
		return nil, invalidBody("it could not be read to its end")
	case len(raw) > maxBody:
		// Status and code are ours.
		return nil, &apiError{status: http.StatusRequestEntityTooLarge, code: "RequestEntityTooLarge", message: "The request body is too large."}
	}
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf")) // .NET's byte order mark
	if len(bytes.TrimSpace(raw)) == 0 {
		return parameters{}, nil
	}
	if kind, _, _ := mime.ParseMediaType(c.r.Header.Get("Content-Type")); kind != "application/json" {
		// "Content-Type: application/json. Required." Status and code of what
		// comes otherwise are ours.
		return nil, &apiError{status: http.StatusUnsupportedMediaType, code: "UnsupportedMediaType", message: "The request's Content-Type must be application/json."}
	}
	var p parameters
	if err := json.Unmarshal(raw, &p); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return nil, invalidBody("it is not JSON: " + syntax.Error())
		}
		return nil, invalidBody("it is not a JSON object")
	}
	if p == nil {
		return nil, invalidBody("it is null, not a JSON object")
	}
	for _, name := range slices.Sorted(maps.Keys(p)) { // so that the first error is always the same one
		if slices.Contains(known, name) {
			continue
		}
		if i := slices.IndexFunc(known, func(k string) bool { return strings.EqualFold(k, name) }); i >= 0 {
			return nil, invalidBody("parameter '" + name + "' must be written '" + known[i] + "'")
		}
		journal.Note(c.r.Context(), func(e *journal.Event) {
			ignored, _ := e.Detail["ignoredParameters"].([]string)
			if len(ignored) < 10 && len(name) < 100 {
				e.Add("ignoredParameters", append(ignored, name))
			}
		})
	}
	return p, nil
}

// text reads a string; absent and null are "".
func (p parameters) text(name string) (string, *apiError) {
	raw, ok := p[name]
	if !ok {
		return "", nil
	}
	var s *string
	if json.Unmarshal(raw, &s) != nil {
		return "", invalidBody("parameter '" + name + "' is not a string")
	}
	if s == nil {
		return "", nil
	}
	return *s, nil
}

// required is text that must not be empty.
func (p parameters) required(name string) (string, *apiError) {
	s, failure := p.text(name)
	if failure == nil && strings.TrimSpace(s) == "" {
		failure = missing(name)
	}
	return s, failure
}

// oneOf reads a value out of a list and returns it as the list spells it. That
// values, unlike the names of parameters, are read without case is ours. When
// it is absent, fallback stands for it; an empty fallback means that it must
// be there.
func (p parameters) oneOf(name, fallback string, values ...string) (string, *apiError) {
	s, failure := p.text(name)
	if failure != nil {
		return "", failure
	}
	if strings.TrimSpace(s) == "" {
		if fallback == "" {
			return "", missing(name)
		}
		return fallback, nil
	}
	i := slices.IndexFunc(values, func(v string) bool { return strings.EqualFold(v, s) })
	if i < 0 {
		return "", badRequest("InvalidInput", "Invalid input "+s+": "+name+" is one of "+strings.Join(values, ", ")+".")
	}
	return values[i], nil
}
