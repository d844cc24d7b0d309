// Package explain turns the typed errors of the libraries into what the
// command line says and does about them: an exit code, a machine-readable
// code, a sentence that is safe to show, and the next step. It is the one
// place that knows all of them.
package explain

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/entra/consent"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli/access"
	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/config"
	"github.com/tenantry/tenantry/onboard"
	"github.com/tenantry/tenantry/respond"
	"github.com/tenantry/tenantry/sandbox"
	"github.com/tenantry/tenantry/sandbox/world"
	"github.com/tenantry/tenantry/secret"
)

// Explanation is what to tell of an error.
type Explanation struct {
	Exit    int    // exit code, see clierr
	Code    string // for programs, such as "AADSTS7000229" or "Forbidden"
	Message string
	Next    string
}

// nexter is how every typed error of ours tells its remedy.
type nexter interface{ Next() string }

// Error explains an error. The message does not repeat the next step.
func Error(err error) Explanation {
	x := Explanation{Exit: clierr.CodeFailed, Code: "failed", Message: err.Error()}
	var n nexter
	if errors.As(err, &n) {
		x.Next = n.Next()
	}
	specific(err, &x)
	x.Message = withoutNext(x.Message, x.Next)
	return x
}

func specific(err error, x *Explanation) {
	var (
		own      *clierr.Error
		signin   *entra.Error
		api      *defender.Error
		noRole   *defender.NoRoleError
		foreign  *entra.ForeignTokenError
		conn     *entra.ConnectionError
		resolve  *secret.ResolveError
		unproved *consent.UnprovedError
		declined *onboard.DeclinedError
		cloud    *entra.WrongCloudError
		role     *access.RoleError
		lost     *defender.TransportError
		late     *defender.WaitError
	)
	switch {
	case explainWrite(err, x):
	case errors.Is(err, context.Canceled):
		x.Exit, x.Code, x.Message = clierr.CodeInterrupted, "interrupted", "interrupted"
	case errors.As(err, &own):
		x.Exit, x.Message, x.Next = own.Code, own.Message, own.Next
		x.Code = map[int]string{clierr.CodeUsage: "usage", clierr.CodeSignIn: "sign-in-needed", clierr.CodeInterrupted: "interrupted"}[own.Code]
	case errors.As(err, &unproved):
		explainUnproved(unproved, x)
	case errors.As(err, &declined):
		x.Exit, x.Code = clierr.CodeSignIn, "consent-declined"
	case errors.As(err, &signin):
		explainSignIn(signin, x)
	case errors.As(err, &noRole), errors.As(err, &role):
		x.Exit, x.Code = clierr.CodeSignIn, "no-role"
	case errors.As(err, &api):
		explainAPI(api, x)
	case errors.As(err, &foreign):
		x.Code = "foreign-token"
	case errors.As(err, &cloud):
		x.Code, x.Message = "wrong-cloud", withoutNext(x.Message, x.Next)
		x.Next = "add --cloud " + cloud.Cloud
	case errors.As(err, &conn):
		x.Code = "no-answer"
	case errors.As(err, &late):
		x.Code = "throttled"
	case errors.As(err, &lost):
		x.Code = "no-answer"
		if errors.Is(err, context.DeadlineExceeded) {
			x.Code = "timeout"
		}
	case errors.As(err, &resolve):
		x.Exit, x.Code = clierr.CodeSignIn, "no-secret"
	case explainSandbox(err, x):
	case isUsage(err):
		x.Exit, x.Code = clierr.CodeUsage, "usage"
	default:
		explainSystem(err, x)
	}
	if x.Code == "" {
		x.Code = "failed"
	}
}

func isUsage(err error) bool {
	var (
		problems config.Problems
		cfg      *entra.ConfigError
		cert     *entra.CertificateError
		ref      *secret.RefError
		option   *defender.OptionError
		selected *fleet.SelectError
		worlds   world.Problems
		listen   *onboard.ListenError
		profile  *fleet.ProfileError
		plan     *respond.PlanError
	)
	return errors.As(err, &problems) || errors.As(err, &cfg) || errors.As(err, &cert) || errors.As(err, &ref) || errors.As(err, &option) ||
		errors.As(err, &selected) || errors.As(err, &worlds) || errors.As(err, &profile) || errors.As(err, &plan) || (errors.As(err, &listen) && listen.Err == nil)
}

// sandboxFlags are the command line's names for the fields of the sandbox's
// configuration.
func sandboxFlags() *strings.Replacer {
	return strings.NewReplacer(
		"ProxyAddr", "--proxy-addr", "ManagementAddr", "--management-addr", "Addr", "--addr",
		"CertFile", "--cert-file", "KeyFile", "--key-file", "RootsFile", "--roots-file",
		"set AllowNonLoopback", "add --allow-non-loopback", "Dir", "--dir", "Faults", "--fault", "Rate", "--rate",
	)
}

// explainSandbox puts the sandbox's errors, which name fields of its
// configuration, into the words of the command line.
func explainSandbox(err error, x *Explanation) bool {
	if e, ok := errors.AsType[*sandbox.ConfigError](err); ok {
		names := sandboxFlags()
		x.Exit, x.Code, x.Next = clierr.CodeUsage, "usage", names.Replace(e.Remedy)
		x.Message = names.Replace(e.Field)
		if e.Value != "" {
			x.Message += fmt.Sprintf(" %q", e.Value)
		}
		x.Message += " " + e.Problem
		if e.Err != nil {
			x.Message += ": " + e.Err.Error()
		}
		return true
	}
	if e, ok := errors.AsType[*sandbox.ListenError](err); ok {
		x.Code, x.Next = "cannot-listen", e.Remedy
		x.Message = fmt.Sprintf("%s: cannot listen on %s: %v", sandboxFlags().Replace(e.Field), e.Addr, e.Err)
		return true
	}
	return false
}

func explainSignIn(e *entra.Error, x *Explanation) {
	x.Code = e.OAuth
	x.Message = e.Message
	if e.Code != 0 {
		x.Code = fmt.Sprintf("AADSTS%d", e.Code)
		x.Message = x.Code + ": " + strings.TrimPrefix(e.Message, x.Code+": ")
	}
	if e.CorrelationID != "" {
		x.Message += " (correlation id " + e.CorrelationID + ")"
	}
	if x.Message == "" {
		x.Message = fmt.Sprintf("sign-in failed with HTTP status %d", e.HTTPStatus)
	}
	switch e.Action {
	case entra.ActionConsent, entra.ActionFixCredential, entra.ActionSignIn, entra.ActionAskCustomer:
		x.Exit = clierr.CodeSignIn
	}
}

// explainUnproved tells what was missing and what the last answers were.
func explainUnproved(e *consent.UnprovedError, x *Explanation) {
	x.Exit, x.Code, x.Next = clierr.CodeSignIn, "consent-unproved", e.Next()
	var b strings.Builder
	fmt.Fprintf(&b, "consent of tenant %s is not proved after %s: missing", e.Tenant, e.Waited.Round(time.Second))
	for i, n := range e.Missing {
		if i > 0 {
			b.WriteByte(';')
		}
		fmt.Fprintf(&b, " %s of %s", strings.Join(n.Roles, ", "), n.Resource.URI)
	}
	for _, err := range e.Errs {
		fmt.Fprintf(&b, "; %s", Error(err).Message)
	}
	x.Message = b.String()
}

func explainAPI(e *defender.Error, x *Explanation) {
	x.Code = e.Code
	if x.Code == "" {
		x.Code = fmt.Sprintf("HTTP%d", e.Status)
	}
	switch e.Status {
	case http.StatusUnauthorized, http.StatusForbidden:
		x.Exit = clierr.CodeSignIn
	case http.StatusTooManyRequests:
		x.Next += " The service counts all programs that use this app in this tenant together."
	}
}

// explainSystem adds a next step to errors of the machine that have none.
func explainSystem(err error, x *Explanation) {
	var (
		op *net.OpError
		ue *url.Error
	)
	switch {
	case x.Next != "":
	case errors.Is(err, syscall.EADDRINUSE):
		x.Code, x.Next = "port-taken", "choose another port, or 127.0.0.1:0 for any free one"
	case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM), errors.Is(err, syscall.EROFS):
		x.Code, x.Next = "not-permitted", "check the permissions of the place named above, or choose another"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		x.Code, x.Next = "disk-full", "make room, or choose another place"
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.EISDIR):
		x.Code, x.Next = "wrong-place", "choose another place: a part of this path is a file where a directory is needed, or the other way round"
	case errors.Is(err, context.DeadlineExceeded):
		x.Code, x.Next = "timeout", "try again, or give it longer"
	case errors.As(err, &ue):
		x.Code, x.Next = "no-answer", "check the network, HTTPS_PROXY and --ca-file"
		x.Message = fmt.Sprintf("no answer from %s: %v", hostOf(ue.URL), ue.Err)
	case errors.As(err, &op):
		x.Code, x.Next = "no-answer", "check the network, HTTPS_PROXY and --ca-file"
	}
}

func hostOf(raw string) string {
	if u, err := url.Parse(raw); err == nil && u.Host != "" {
		return u.Host
	}
	return "the service"
}

// withoutNext takes the next step out of a message that ends with it: the
// libraries' errors are complete sentences, the command line shows the next
// step on a line of its own.
func withoutNext(message, next string) string {
	if next == "" {
		return message
	}
	cut, ok := strings.CutSuffix(message, " ("+next+")")
	if !ok {
		if cut, ok = strings.CutSuffix(message, next); !ok {
			return message
		}
	}
	cut = strings.TrimSuffix(strings.TrimRight(cut, " "), "Next:")
	cut = strings.TrimRight(cut, " ;:.,")
	if cut == "" {
		return message
	}
	return cut
}
