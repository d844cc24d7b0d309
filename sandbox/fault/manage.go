package fault

import (
	"errors"
	"io"
	"mime"
	"net/http"

	"github.com/tenantry/tenantry/sandbox/journal"
)

// maxSpec bounds the body of a management call, in bytes.
const maxSpec = 64 << 10

// Handler returns the management API of the set:
//
//	GET    /faults        {"faults": [...]}: every fault, with its counts
//	POST   /faults        sets one; 201 with the fault and its id
//	DELETE /faults        removes all; {"removed": N}
//	GET    /faults/{id}   one fault
//	DELETE /faults/{id}   removes it; 204
//	GET    /keys          ids of the published signing keys
//	POST   /keys/rotate   rotates them now
//
// Errors are {"error": {"field", "problem"}, "problems": [...]}, every problem
// with its field and remedy. Bodies must be application/json, and requests of
// web pages of other origins are refused, so that no page a developer visits
// can set faults; whoever mounts it must check the Host header.
func (s *Set) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /faults", func(w http.ResponseWriter, _ *http.Request) {
		journal.Answer(w, http.StatusOK, map[string]any{"faults": s.List()})
	})
	mux.HandleFunc("POST /faults", s.servePost)
	mux.HandleFunc("DELETE /faults", func(w http.ResponseWriter, _ *http.Request) {
		journal.Answer(w, http.StatusOK, map[string]any{"removed": s.Clear()})
	})
	mux.HandleFunc("GET /faults/{id}", func(w http.ResponseWriter, r *http.Request) {
		if f, ok := s.Get(r.PathValue("id")); ok {
			journal.Answer(w, http.StatusOK, f)
			return
		}
		unknown(w, r)
	})
	mux.HandleFunc("DELETE /faults/{id}", func(w http.ResponseWriter, r *http.Request) {
		if s.Remove(r.PathValue("id")) {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		unknown(w, r)
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) { serveKeys(w, s.Keys) })
	mux.HandleFunc("POST /keys/rotate", func(w http.ResponseWriter, _ *http.Request) { serveKeys(w, s.RotateKeys) })

	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusForbidden, Problem{"Origin", "is another web page's", "ask from a program, not from a web page"})
	}))
	return cross.Handler(mux)
}

func (s *Set) servePost(w http.ResponseWriter, r *http.Request) {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
		refuse(w, http.StatusUnsupportedMediaType, Problem{"Content-Type", "is not application/json", "send JSON and say so; curl has --json for it"})
		return
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxSpec))
	if err != nil {
		var long *http.MaxBytesError
		if errors.As(err, &long) {
			refuse(w, http.StatusRequestEntityTooLarge, Problem{"body", "is longer than 64 KiB", "send one fault"})
		} else {
			refuse(w, http.StatusBadRequest, Problem{"body", "ended too early", "send it again"})
		}
		return
	}
	spec, err := Parse(raw)
	if err == nil {
		var f Fault
		if f, err = s.Add(spec); err == nil {
			w.Header().Set("Location", "/faults/"+f.ID)
			journal.Answer(w, http.StatusCreated, f)
			return
		}
	}
	var wrong *SpecError
	if errors.As(err, &wrong) {
		refuse(w, http.StatusBadRequest, wrong.Problems...)
		return
	}
	refuse(w, http.StatusConflict, Problem{"faults", err.Error(), "DELETE /faults"})
}

func serveKeys(w http.ResponseWriter, ask func() (Keys, error)) {
	k, err := ask()
	switch {
	case errors.Is(err, ErrNoKeys):
		refuse(w, http.StatusNotFound, Problem{"keys", err.Error(), "start a whole sandbox"})
	case err != nil:
		refuse(w, http.StatusInternalServerError, Problem{"keys", err.Error(), "make the sandbox's directory writable"})
	default:
		journal.Answer(w, http.StatusOK, k)
	}
}

func unknown(w http.ResponseWriter, r *http.Request) {
	refuse(w, http.StatusNotFound, Problem{"id", "no fault is called " + r.PathValue("id"), "GET /faults lists them"})
}

// refuse answers an error as the other management calls do.
func refuse(w http.ResponseWriter, status int, problems ...Problem) {
	all := make([]journal.Problem, 0, len(problems))
	for _, p := range problems {
		all = append(all, journal.Problem(p))
	}
	journal.Refuse(w, status, all...)
}
