package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/factory"
	box "github.com/tenantry/tenantry/sandbox"
	"github.com/tenantry/tenantry/sandbox/fault"
)

// management reaches the management API of a sandbox that runs.
type management struct{ dir string }

// managementVariable is where sandbox exec tells its address.
const managementVariable = "TENANTRY_SANDBOX_MANAGEMENT"

// maxAnswer bounds what is read of an answer: a thousand faults fit.
const maxAnswer = 4 << 20

// flag adds --dir to a command and those under it.
func (m *management) flag(cmd *cobra.Command) {
	cmd.PersistentFlags().StringVar(&m.dir, "dir", "", "`directory` of the sandbox that runs (default: the one of sandbox exec, else sandbox in the state directory)")
}

// call sends one request and reads its answer into out; nil means that there
// is nothing to read. Refusals become errors that name each field.
func (m *management) call(ctx context.Context, f *factory.Factory, method, path string, in, out any) error {
	body, err := m.open(ctx, f, method, path, in)
	if err != nil {
		return err
	}
	defer body.Close()
	raw, err := io.ReadAll(io.LimitReader(body, maxAnswer))
	if err != nil {
		return fmt.Errorf("read the sandbox's answer: %w", err)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return fmt.Errorf("read the sandbox's answer: %w", err)
	}
	return nil
}

// open sends one request to the sandbox that runs, and returns the body of its
// answer.
func (m *management) open(ctx context.Context, f *factory.Factory, method, path string, in any) (io.ReadCloser, error) {
	dir := m.dir
	if dir == "" {
		// Below sandbox exec the sandbox meant is the one that runs the command.
		if at := f.Getenv(managementVariable); at != "" {
			return ask(ctx, box.Endpoints{Management: at}, method, path, in)
		}
		var err error
		if dir, err = defaultDir(f); err != nil {
			return nil, err
		}
	}
	e, err := box.ReadEndpoints(dir)
	if err == nil {
		err = e.Alive(ctx)
	}
	if err != nil {
		return nil, clierr.Failed("start one with: tenantry sandbox serve", "no sandbox runs in %s", dir).Because(err)
	}
	return ask(ctx, e, method, path, in)
}

// ask sends one request to the management API of a sandbox.
func ask(ctx context.Context, e box.Endpoints, method, path string, in any) (io.ReadCloser, error) {
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, e.Management+path, body)
	if err != nil {
		return nil, err
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	// A client of its own: the proxy of the environment is not for loopback.
	transport := &http.Transport{DisableKeepAlives: true}
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask the sandbox: %w", err)
	}
	if resp.StatusCode < http.StatusBadRequest {
		return resp.Body, nil
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("read the sandbox's answer: %w", err)
	}
	return nil, refused(resp.StatusCode, raw)
}

// refused makes an error of the problems that the sandbox names.
func refused(status int, raw []byte) error {
	var answer struct{ Problems []fault.Problem }
	if json.Unmarshal(raw, &answer) != nil || len(answer.Problems) == 0 {
		return clierr.Failed("end that sandbox and start it anew: it may be of another version", "the sandbox answered %d", status)
	}
	var lines, next []string
	for _, p := range answer.Problems {
		lines = append(lines, p.Field+" "+p.Problem)
		next = append(next, p.Field+": "+p.Remedy)
	}
	if status == http.StatusBadRequest {
		return clierr.Usage(strings.Join(next, "; "), "%s", strings.Join(lines, "\n"))
	}
	return clierr.Failed(strings.Join(next, "; "), "%s", strings.Join(lines, "\n"))
}
