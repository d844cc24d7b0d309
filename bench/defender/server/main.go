// Command server is what the benchmark of package defender reads from: a
// sandbox without limits, and a bare handler that writes what it was given, both
// over TLS. They run in a process of their own so that their work and memory is
// not counted as the reader's.
//
// Its worlds, all in the file world.go, need no input. The first line of
// standard output says, as JSON, where both are and with which tokens the
// sandbox can be asked. It ends with its standard input.
package main

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/tenantry/tenantry/sandbox"
	"github.com/tenantry/tenantry/sandbox/limit"
)

// Announcement is the first line of standard output.
type Announcement struct {
	Origin  string            `json:"origin"`  // of the sandbox, under no name of Microsoft's
	Bare    string            `json:"bare"`    // of the bare handler
	Manage  string            `json:"manage"`  // of the sandbox's management API
	CA      string            `json:"ca"`      // PEM, of both
	Tokens  map[string]Tokens `json:"tokens"`  // by tenant
	Tenants map[string]string `json:"tenants"` // those of one kind, by what they are for
}

// Tokens are one tenant's, by surface.
type Tokens struct {
	Graph string `json:"graph"`
	XDR   string `json:"xdr"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "server:", err)
		os.Exit(1)
	}
}

func run() error {
	w, err := makeWorld()
	if err != nil {
		return err
	}
	s, err := sandbox.New(sandbox.Config{World: w, Limits: []limit.Rule{}, Rate: -1})
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.Start(); err != nil {
		return err
	}
	a := Announcement{Origin: s.Origin(), Manage: s.ManagementURL(), Tenants: map[string]string{}}
	if a.Tokens, err = makeTokens(s, time.Now()); err != nil {
		return err
	}
	for i, purpose := range purposes {
		a.Tenants[purpose] = tenantID(i)
	}
	bare := httptest.NewUnstartedServer(&bareHandler{})
	bare.EnableHTTP2 = true // the sandbox speaks both versions, too
	bare.StartTLS()
	defer bare.Close()
	a.Bare = bare.URL
	ca, err := os.ReadFile(s.CAFile())
	if err != nil {
		return err
	}
	a.CA = string(ca) + string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: bare.Certificate().Raw}))
	if err := json.NewEncoder(os.Stdout).Encode(a); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// bareHandler writes what the last PUT brought.
type bareHandler struct{ page atomic.Pointer[[]byte] }

func (h *bareHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPut {
		page, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		h.page.Store(&page)
		return
	}
	page := h.page.Load()
	if page == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(*page)))
	_, _ = w.Write(*page)
}
