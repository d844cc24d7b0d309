package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/tenantry/tenantry/sandbox/proxy"
)

// EndpointsFile is the name of the file in the sandbox's directory that tells
// other processes where a running sandbox is found.
const EndpointsFile = "sandbox.json"

// Endpoints is where a running sandbox is found.
type Endpoints struct {
	Origin     string    `json:"origin"`     // https://localhost:PORT
	Proxy      string    `json:"proxy"`      // http://127.0.0.1:PORT
	Management string    `json:"management"` // http://127.0.0.1:PORT
	CAFile     string    `json:"caFile"`     // absolute path
	Dir        string    `json:"dir"`        // absolute path
	PID        int       `json:"pid"`
	Started    time.Time `json:"started"`
}

// EnvironFor returns base (in the form of os.Environ) with the variables set
// that lead unmodified programs to the sandbox; see [proxy.Environment.Apply].
func EnvironFor(e Endpoints, base []string) []string {
	return proxy.Environment{
		Origin: e.Origin, Proxy: e.Proxy, Management: e.Management, CAFile: e.CAFile, Dir: e.Dir,
	}.Apply(base)
}

// ReadEndpoints learns from a sandbox's directory where it runs. It does not
// try whether it still does; see [Endpoints.Alive]. Its errors are of type
// *[EndpointsError].
func ReadEndpoints(dir string) (Endpoints, error) {
	file := filepath.Join(dir, EndpointsFile)
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return Endpoints{}, &EndpointsError{File: file, Problem: "does not exist, so no sandbox runs in this directory", Remedy: "start one with: tenantry sandbox serve", Err: err}
	}
	if err != nil {
		return Endpoints{}, &EndpointsError{File: file, Problem: "cannot be read", Remedy: "make it readable or name another directory", Err: err}
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, 1<<20))
	if err != nil {
		return Endpoints{}, &EndpointsError{File: file, Problem: "cannot be read", Remedy: "make it readable or name another directory", Err: err}
	}
	return parseEndpoints(file, raw)
}

func parseEndpoints(file string, raw []byte) (Endpoints, error) {
	remedy := "remove the file and start the sandbox anew"
	var e Endpoints
	if err := json.Unmarshal(raw, &e); err != nil {
		return Endpoints{}, &EndpointsError{File: file, Problem: "is not the endpoints file of a sandbox", Remedy: remedy, Err: err}
	}
	for _, u := range []struct{ field, value, scheme string }{
		{"origin", e.Origin, "https"}, {"proxy", e.Proxy, "http"}, {"management", e.Management, "http"},
	} {
		parsed, err := url.Parse(u.value)
		if err != nil || parsed.Scheme != u.scheme || parsed.Port() == "" || parsed.Hostname() == "" || u.value != parsed.Scheme+"://"+parsed.Host {
			return Endpoints{}, &EndpointsError{File: file, Field: u.field, Problem: fmt.Sprintf("%q is not %s://host:port", u.value, u.scheme), Remedy: remedy}
		}
	}
	for _, p := range []struct{ field, value string }{{"caFile", e.CAFile}, {"dir", e.Dir}} {
		if !filepath.IsAbs(p.value) {
			return Endpoints{}, &EndpointsError{File: file, Field: p.field, Problem: fmt.Sprintf("%q is not an absolute path", p.value), Remedy: remedy}
		}
	}
	return e, nil
}

// aliveTimeout is long for a loopback answer and short for a person.
const aliveTimeout = 2 * time.Second

// Alive asks the management API whether the sandbox runs.
func (e Endpoints) Alive(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, aliveTimeout)
	defer cancel()
	fail := func(problem string, err error) error {
		return &EndpointsError{File: filepath.Join(e.Dir, EndpointsFile), Field: "management", Problem: problem, Remedy: "start the sandbox with: tenantry sandbox serve", Err: err}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, e.Management+"/healthz", nil)
	if err != nil {
		return fail("is not an address", err)
	}
	// A client of its own: no proxy for the loopback, nothing left open.
	transport := &http.Transport{DisableKeepAlives: true}
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return fail("does not answer, so the sandbox has ended", err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 64))
	if resp.StatusCode != http.StatusOK || string(body) != "ok\n" {
		return fail("is answered by some other program, so the sandbox has ended", nil)
	}
	return nil
}

func (e Endpoints) write() error {
	raw, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return err
	}
	return proxy.ReplaceFile(filepath.Join(e.Dir, EndpointsFile), append(raw, '\n'), 0o600)
}

// remove deletes the file if it still tells of this sandbox.
func (e Endpoints) remove() error {
	now, err := ReadEndpoints(e.Dir)
	if err != nil || now.PID != e.PID || now.Management != e.Management {
		return nil
	}
	return os.Remove(filepath.Join(e.Dir, EndpointsFile))
}
