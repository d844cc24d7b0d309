package sandbox

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/tenantry/tenantry/sandbox/journal"
	"github.com/tenantry/tenantry/sandbox/mdeapi"
	"github.com/tenantry/tenantry/sandbox/proxy"
)

// services are the handlers behind the host names.
type services struct {
	sts, graph, xdr, mde, arm, portal http.Handler
}

func (s *services) byName(service string) http.Handler {
	switch service {
	case proxy.ServiceGraph:
		return s.graph
	case proxy.ServiceXDR:
		return s.xdr
	case proxy.ServiceMDE:
		return s.mde
	case proxy.ServiceARM:
		return s.arm
	case proxy.ServicePortal:
		return s.portal
	default:
		return s.sts
	}
}

// MarkHeader is on every answer of the sandbox, so that nobody takes it for
// Microsoft's by mistake.
const MarkHeader = "Tenantry-Sandbox"

// route chooses the service by the Host header, or by the path when the
// sandbox is asked under its own name (authority mode).
func (s *Sandbox) route(w http.ResponseWriter, r *http.Request) {
	w.Header().Set(MarkHeader, "this is not Microsoft")
	s.faults.Date(w, r)
	name, _ := proxy.SplitHost(r.Host)
	service := ""
	if h, ok := s.hosts[name]; ok {
		service = h.Service
	} else if proxy.IsLoopback(name) || s.cfg.AllowNonLoopback {
		service = serviceByPath(r.URL.Path)
	} else {
		// Only a client that connected to the sandbox but asks for somebody
		// else gets here.
		journal.Note(r.Context(), func(e *journal.Event) {
			e.Kind, e.Decision = journal.KindRefused, "the sandbox does not stand in for this host"
		})
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusMisdirectedRequest)
		_, _ = fmt.Fprintf(w, "Tenantry sandbox does not stand in for host %q.\n", name)
		return
	}
	if service == proxy.ServiceXDR || service == proxy.ServiceMDE {
		service = defenderByPath(service, r.URL.Path)
	}
	journal.Note(r.Context(), func(e *journal.Event) { e.Service = service })
	s.tellRetiring(service, r)
	s.services.Load().byName(service).ServeHTTP(w, r)
}

// serviceByPath tells requests apart that name no host of Microsoft's. No
// tenant can be called like the first segments here: tenants are GUIDs,
// domains with a dot, or one of Entra's own words.
func serviceByPath(path string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(strings.ToLower(path), "/"), "/")
	switch first {
	case "":
		return proxy.ServicePortal
	case "v1.0", "beta", "oidc":
		return proxy.ServiceGraph
	case "api":
		return proxy.ServiceXDR
	case "subscriptions", "tenants", "metadata":
		return proxy.ServiceARM
	default:
		return proxy.ServiceSTS
	}
}

// defenderByPath tells the two Defender APIs apart: both are answered at the
// same hosts, and each host names the service for what neither knows
// ("Supported Microsoft Defender XDR APIs", "Defender for Endpoint API: hosts
// by region"). That the older host of Defender for Endpoint answers for
// incidents, too, is ours.
func defenderByPath(service, path string) string {
	segments := strings.Split(strings.Trim(strings.ToLower(path), "/"), "/")
	if len(segments) > 2 && segments[1] == "v1.0" {
		segments = segments[1:]
	}
	switch {
	case mdeapi.Serves(path) || len(segments) > 1 && segments[1] == "advancedqueries":
		return proxy.ServiceMDE
	case len(segments) > 1 && (segments[1] == "incidents" || segments[1] == "advancedhunting"):
		return proxy.ServiceXDR
	}
	return service
}
