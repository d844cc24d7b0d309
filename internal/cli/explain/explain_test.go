package explain_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/entra/consent"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli/access"
	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/config"
	"github.com/tenantry/tenantry/internal/cli/explain"
	"github.com/tenantry/tenantry/onboard"
	"github.com/tenantry/tenantry/respond"
	"github.com/tenantry/tenantry/sandbox"
	"github.com/tenantry/tenantry/sandbox/proxy"
	sandboxtoken "github.com/tenantry/tenantry/sandbox/token"
	"github.com/tenantry/tenantry/secret"
	"github.com/tenantry/tenantry/store/sqlite"
)

func TestError(t *testing.T) {
	refused := &entra.Error{Code: 7000222, OAuth: "invalid_client", Message: "The keys are expired.", CorrelationID: "c-1", Action: entra.ActionFixCredential}
	_, refErr := secret.Parse("hunter2")
	conflict := &defender.ConflictError{What: "incident", ID: "29", Seen: time.Unix(0, 0), Now: time.Unix(1, 0), By: "anna"}
	_, cloudErr := entra.CloudByName("mars")
	tests := []struct {
		name string
		err  error
		exit int
		code string
		has  string // in the message
	}{
		{"own", clierr.SignIn("do this", "not signed in").Because(errors.New("private")), 3, "sign-in-needed", "not signed in"},
		{"entra", fmt.Errorf("wrapped: %w", refused), 3, "AADSTS7000222", "AADSTS7000222: The keys are expired. (correlation id c-1)"},
		{"entra without a code", &entra.Error{HTTPStatus: 429, Action: entra.ActionWait}, 1, "failed", "429"},
		{"unproved", &consent.UnprovedError{Tenant: "t", Waited: 2 * time.Second, Missing: []consent.Need{{Resource: entra.Clouds()[0].Resource("xdr"), Roles: []string{"Incident.Read.All"}}}, Errs: []error{refused}}, 3, "consent-unproved", "missing Incident.Read.All of https://api.security.microsoft.com; AADSTS7000222"},
		{"declined", &onboard.DeclinedError{Result: consent.Result{Kind: consent.Declined, AADSTS: 65004, Next: "Ask again."}}, 3, "consent-declined", "AADSTS65004"},
		{"no role", func() error { _, _, err := defender.ChooseSurface(nil, nil); return err }(), 3, "no-role", "Incident.Read.All"},
		{"reference", refErr, 2, "usage", "a value, not a reference"},
		{"cloud", cloudErr, 2, "usage", "mars"},
		{"configuration", config.Problems{{Source: "f", Line: 1, Message: "m"}}, 2, "usage", "f:1"},
		{"sandbox directory", &sandbox.ConfigError{Field: "Dir", Value: "d", Problem: "cannot be created", Remedy: "choose another"}, 2, "usage", `--dir "d" cannot be created`},
		{"sandbox beyond this machine", &sandbox.ConfigError{Field: "Addr", Value: "0.0.0.0:1", Problem: "is not a loopback address", Remedy: "use 127.0.0.1, or set AllowNonLoopback"}, 2, "usage", `--addr "0.0.0.0:1" is not`},
		{"sandbox certificate", &proxy.CertificateError{File: "c.pem", Problem: "expired on 2020-01-01", Remedy: "give one that is valid"}, 1, "failed", "c.pem: expired on 2020-01-01"},
		{"sandbox keys", &sandboxtoken.KeyFileError{Path: "k.pem", Remedy: "remove it", Err: errors.New("no key")}, 1, "failed", "signing keys k.pem: no key"},
		{"sandbox twice", &sandbox.AlreadyRunningError{Dir: "d"}, 1, "failed", "already runs in d"},
		{"database", &sqlite.OpenError{Path: "p", Problem: "it is damaged", Remedy: "move it away"}, 1, "failed", "database p: it is damaged"},
		{"profile", &fleet.ProfileError{Name: "everything"}, 2, "usage", `profile "everything" does not exist`},
		{"wrong cloud", &entra.WrongCloudError{Tenant: "t", Asked: "public", Cloud: "usgov-high"}, 1, "wrong-cloud", "does not live in the cloud public"},
		{"a field that a flag sets", &defender.OptionError{Surface: defender.SurfaceXDR, Option: "Determination", Value: "evil", Remedy: "use another, or surface graph"}, 2, "usage", `--determination: "evil" cannot be set through xdr`},
		{"a field that no flag sets", &defender.OptionError{Option: "Token", Remedy: "give one"}, 2, "usage", "Token"},
		{"a plan's field", &respond.PlanError{Field: "comment", Problem: "it has 1001 characters, and 1000 are taken at most", Remedy: "shorten it"}, 2, "usage", "--comment: it has 1001 characters, and 1000 are taken at most"},
		{"under way", &defender.Error{Surface: defender.SurfaceMDE, Status: 400, Code: "ActiveRequestAlreadyExists", Message: "Action is already in progress"}, 1, "under-way", "Action is already in progress"},
		{"another 400", &defender.Error{Surface: defender.SurfaceMDE, Status: 400, Code: "InvalidInput", Message: "no"}, 1, "InvalidInput", "InvalidInput"},
		{"not begun", clierr.NotBegun(), 130, "interrupted", "nothing was sent"},
		{"disk", fmt.Errorf("write f: %w", syscall.ENOSPC), 1, "disk-full", "write f"},
		{"below a file", fmt.Errorf("stat f/x: %w", syscall.ENOTDIR), 1, "wrong-place", "stat f/x"},
		{"port", fmt.Errorf("listen: %w", syscall.EADDRINUSE), 1, "port-taken", "listen"},
		{"network", &url.Error{Op: "Get", URL: "https://host.example/?code=S3CR3T", Err: errors.New("connection refused")}, 1, "no-answer", "no answer from host.example: connection refused"},
		{"interrupt", fmt.Errorf("list: %w", context.Canceled), 130, "interrupted", "interrupted"},
		{"conflict", fmt.Errorf("wrapped: %w", conflict), 1, "conflict", "incident 29 has changed since it was shown"},
		{"merged", &defender.MergedError{Surface: defender.SurfaceXDR, ID: "29", Target: "30"}, 1, "merged", "incident 29 was merged into incident 30"},
		{"uncertain, whatever broke it off", &defender.UncertainError{Operation: defender.OpUpdateIncident, Target: "29", Surface: defender.SurfaceXDR, Check: "Look first.", Err: &defender.TransportError{Ended: true, Err: context.Canceled}}, 1, "uncertain", "update incident 29 on surface xdr may or may not have been done"},
		{"done in part", &defender.PartialUpdateError{What: "incident", ID: "29", Done: []string{"status"}, Missing: "the comment", Err: &defender.Error{Status: 403, Code: "Forbidden", Action: defender.ActionConsent}}, 4, "partial", "status written, but not the comment"},
		{"throttled by graph", &defender.Error{Surface: defender.SurfaceGraph, Operation: defender.OpListIncidents, Status: 429, Code: "TooManyRequests", Action: defender.ActionWait, RetryAfter: 30 * time.Second}, 1, "TooManyRequests", "429 Too Many Requests"},
		{"throttled without a code", &defender.Error{Surface: defender.SurfaceMDE, Status: 429, Action: defender.ActionWait}, 1, "HTTP429", "429 Too Many Requests"},
		{"no time to wait", &defender.WaitError{Wait: defender.Wait{Surface: defender.SurfaceXDR, Operation: defender.OpListIncidents, For: time.Minute, Why: defender.WaitBudget}}, 1, "throttled", "it would have to wait 1m0s"},
		{"no answer", &defender.TransportError{Surface: defender.SurfaceXDR, Operation: defender.OpListIncidents, Host: "h.example", Err: errors.New("reset")}, 1, "no-answer", "h.example does not answer"},
		{"time ran out", &defender.TransportError{Ended: true, Err: context.DeadlineExceeded}, 1, "timeout", "deadline"},
		{"no role for it", &access.RoleError{Operation: defender.OpUpdateIncident, Missing: []access.MissingRoles{{Surface: defender.SurfaceGraph, Roles: []string{"SecurityIncident.ReadWrite.All"}}}}, 3, "no-role", "no role to update incident: the Microsoft Graph token needs SecurityIncident.ReadWrite.All"},
		{"no audit", &respond.AuditError{Before: true, Err: errors.New("disk")}, 1, "audit", "nothing was done"},
		{"a plan", &respond.PlanError{Field: "comment", Problem: "it is missing", Remedy: "say why"}, 2, "usage", "comment: it is missing"},
		{"anything", errors.New("what"), 1, "failed", "what"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			x := explain.Error(tc.err)
			if x.Exit != tc.exit || x.Code != tc.code || !strings.Contains(x.Message, tc.has) {
				t.Errorf("got %+v", x)
			}
			if strings.Contains(x.Message+x.Next, "AllowNonLoopback") {
				t.Errorf("it names a field and not the flag: %+v", x)
			}
			if x.Next != "" && strings.Contains(x.Message, x.Next) {
				t.Errorf("the next step is told twice: %q and %q", x.Message, x.Next)
			}
			if x.Next == "" && tc.name != "anything" && tc.name != "interrupt" && tc.name != "configuration" {
				t.Error("no next step")
			}
			if s := x.Message + x.Next; strings.Contains(s, "S3CR3T") || strings.Contains(s, "hunter2") || strings.Contains(s, "private") {
				t.Errorf("it tells what is private: %q", s)
			}
		})
	}
}
