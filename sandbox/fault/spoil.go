package fault

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
)

// Writer is what the service must write its answer to; finish ends the
// answer.
func (p *Plan) Writer(w http.ResponseWriter, r *http.Request) (out http.ResponseWriter, finish func()) {
	if p == nil {
		return w, func() {}
	}
	var spoilers []*entry
	for _, a := range p.acts {
		if a.entry.spec.Kind.spoils() {
			spoilers = append(spoilers, a.entry)
		}
	}
	if spoilers == nil {
		return w, func() {}
	}
	s := &spoiler{ResponseWriter: w, r: r, closed: p.set.closed, status: http.StatusOK}
	return s, func() { s.finish(spoilers) }
}

// spoiler holds an answer until it is complete, to send something else.
type spoiler struct {
	http.ResponseWriter
	r      *http.Request // as the client sent it
	closed <-chan struct{}
	status int
	body   bytes.Buffer
}

// WriteHeader remembers the status.
func (s *spoiler) WriteHeader(status int) { s.status = status }

// Write keeps the body.
func (s *spoiler) Write(p []byte) (int, error) { return s.body.Write(p) }

// finish changes what the answer says, in the order the faults were set, then
// sends it in the way of the first fault that has one.
func (s *spoiler) finish(spoilers []*entry) {
	body := s.body.Bytes()
	var send *entry
	for _, e := range spoilers {
		switch k := e.spec.Kind; {
		case k.pages():
			changed := s.status == http.StatusOK
			if changed {
				body, changed = s.trap(e, body)
			}
			note(s.r.Context(), e.id, k, map[string]any{"changed": changed})
		case k == BadUTF8:
			var n int
			body, n = spoilText(body)
			note(s.r.Context(), e.id, k, map[string]any{"texts": n})
		case send == nil:
			send = e
		}
	}
	if send == nil {
		s.send(body, len(body))
		return
	}
	switch send.spec.Kind {
	case Truncate:
		s.truncate(send, body)
	case WrongLength:
		s.wrongLength(send, body)
	case CutGzip:
		s.cutGzip(send, body)
	case HugeBody:
		s.huge(send, body)
	}
}

// send writes a body and declares a length.
func (s *spoiler) send(body []byte, declared int) {
	s.Header().Set("Content-Length", strconv.Itoa(declared))
	s.ResponseWriter.WriteHeader(s.status)
	_, _ = s.ResponseWriter.Write(body) // the client may have gone
}

// part is how many bytes of whole are sent: at least one is missing.
func part(e *entry, whole int) int {
	if e.spec.Bytes == nil {
		return whole / 2
	}
	return max(min(*e.spec.Bytes, whole-1), 0)
}

// truncate declares the whole, sends a part, and closes.
func (s *spoiler) truncate(e *entry, body []byte) {
	n := part(e, len(body))
	s.send(body[:n], len(body))
	_ = http.NewResponseController(s.ResponseWriter).Flush()
	note(s.r.Context(), e.id, Truncate, map[string]any{"sent": n, "whole": len(body)})
	abort(s.r.Context(), e, "the answer was cut off")
}

func (s *spoiler) wrongLength(e *entry, body []byte) {
	declared := len(body) / 2
	if e.spec.Bytes != nil {
		declared = *e.spec.Bytes
	}
	note(s.r.Context(), e.id, WrongLength, map[string]any{"declared": declared, "whole": len(body)})
	if declared <= len(body) {
		s.send(body[:declared], declared)
		return
	}
	s.send(body, declared)
	_ = http.NewResponseController(s.ResponseWriter).Flush()
	abort(s.r.Context(), e, "the answer was shorter than declared")
}

func (s *spoiler) cutGzip(e *entry, body []byte) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write(body) // into memory: cannot fail
	_ = z.Close()
	n := part(e, packed.Len())
	note(s.r.Context(), e.id, CutGzip, map[string]any{"sent": n, "whole": packed.Len()})
	s.Header().Set("Content-Encoding", "gzip")
	s.send(packed.Bytes()[:n], n)
}

// defaultHuge is the length of a huge body that was not asked for otherwise.
const defaultHuge = 1 << 30

func (s *spoiler) huge(e *entry, body []byte) {
	whole := defaultHuge
	if e.spec.Bytes != nil {
		whole = *e.spec.Bytes
	}
	if len(body) == 0 {
		body = []byte(" ")
	}
	sent := 0
	write := func(p []byte) {
		n, err := s.ResponseWriter.Write(p)
		if sent += n; err != nil {
			note(s.r.Context(), e.id, HugeBody, map[string]any{"sent": sent, "whole": whole})
			abort(s.r.Context(), e, "the client left")
		}
	}
	s.Header().Del("Content-Length")
	s.ResponseWriter.WriteHeader(s.status)
	last := len(body) - 1
	write(body[:last])
	spaces := bytes.Repeat([]byte(" "), 64<<10)
	for sent < whole-1 {
		write(spaces[:min(len(spaces), whole-1-sent)])
		select {
		case <-s.closed:
			abort(s.r.Context(), e, "the sandbox closed")
		default:
		}
	}
	write(body[last:])
	note(s.r.Context(), e.id, HugeBody, map[string]any{"sent": sent, "whole": whole})
}

// spoilText puts an invalid sequence of bytes before the first space of every
// text that has one, and counts them. Ids, enums, times and links have none.
func spoilText(body []byte) (out []byte, texts int) {
	quoted, escaped, done := false, false, false
	for _, c := range body {
		switch {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted, done = !quoted, false
		case quoted && c == ' ' && !done:
			out = append(out, 0xc3, 0x28, 0xff)
			done = true
			texts++
		}
		out = append(out, c)
	}
	return out, texts
}

const linkMember = `"@odata.nextLink":`

// foreignOrigin is where foreign links lead. No such host can exist (RFC 2606),
// and the sandbox's proxy journals who tries to reach it.
const foreignOrigin = "https://graph.elsewhere.invalid"

// trap changes the next link of a page.
func (s *spoiler) trap(e *entry, body []byte) ([]byte, bool) {
	self := "https://" + s.r.Host + s.r.URL.RequestURI()
	switch e.spec.Kind {
	case Loop:
		return setLink(body, func(string) string { return self })
	case ForeignLink:
		return setLink(body, func(link string) string {
			path := s.r.URL.RequestURI()
			if u, err := url.Parse(link); err == nil && link != "" {
				path = u.RequestURI()
			}
			return foreignOrigin + path
		})
	case Shrink:
		// The service was asked for less than the client asked for, which the
		// link to the next page must not go on with.
		out, changed := setLink(body, func(link string) string { return s.topAsAsked(link) })
		if !changed {
			return body, true
		}
		return out, true
	}
	return body, true // Repeat is done by the request
}

// topAsAsked puts the page size of the client's request into a link; "" stays.
func (s *spoiler) topAsAsked(link string) string {
	u, err := url.Parse(link)
	if link == "" || err != nil {
		return ""
	}
	q := u.Query()
	setOption(q, "$top", option(s.r.URL.Query(), "$top"))
	u.RawQuery = string(bytes.ReplaceAll([]byte(q.Encode()), []byte("%24"), []byte("$")))
	return u.String()
}

// setLink replaces the next link of a page, or adds one; f gets the present
// one, "" when there is none, and returns "" to leave the page as it is. The
// member's name cannot occur within a text of the page, whose quotes are
// escaped.
func setLink(body []byte, f func(link string) string) ([]byte, bool) {
	var out bytes.Buffer
	if i := bytes.Index(body, []byte(linkMember)); i >= 0 {
		at := i + len(linkMember)
		dec := json.NewDecoder(bytes.NewReader(body[at:]))
		var link string
		if dec.Decode(&link) != nil {
			return body, false
		}
		next := f(link)
		if next == "" {
			return body, false
		}
		out.Write(body[:at])
		writeText(&out, next)
		out.Write(body[at+int(dec.InputOffset()):])
		return out.Bytes(), true
	}
	end := bytes.LastIndexByte(body, '}')
	next := f("")
	if end < 0 || next == "" {
		return body, false
	}
	out.Write(body[:end])
	if !bytes.Equal(bytes.TrimSpace(body[:end]), []byte("{")) {
		out.WriteByte(',')
	}
	out.WriteString(linkMember)
	writeText(&out, next)
	out.Write(body[end:])
	return out.Bytes(), true
}

func writeText(w io.Writer, s string) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a text: cannot fail
	_, _ = w.Write(bytes.TrimRight(b.Bytes(), "\n"))
}
