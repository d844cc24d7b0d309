package sandbox

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/command"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/internal/cli/output"
	"github.com/tenantry/tenantry/sandbox/fault"
)

func newFaults(f *factory.Factory) *cobra.Command {
	var m management
	cmd := command.Group(&cobra.Command{
		Use:   "faults",
		Short: "Let a running sandbox misbehave",
		Long: `Let the services of a running sandbox misbehave: slow, hanging, failing,
throttled, cut off, with lists that cannot be paged, with tokens of the wrong
tenant, or with a clock of its own. Nothing goes wrong until it is asked for.
What a fault did is in the journal, by its id. A world file and the switch
--fault of tenantry sandbox serve set faults from the beginning.`,
		Example: command.Examples(
			"what is set", "tenantry sandbox faults list",
			"one tenant's requests get no answer", "tenantry sandbox faults set hang tenant=alderfinch.onmicrosoft.com",
			"all is well again", "tenantry sandbox faults clear"),
	}, newFaultsList(f, &m), newFaultsSet(f, &m), newFaultsClear(f, &m), newFaultsRotate(f, &m), newFaultsApp(f, &m, false), newFaultsApp(f, &m, true))
	m.flag(cmd)
	return cmd
}

func newFaultsList(f *factory.Factory, m *management) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the faults that are set",
		Long:    "List the faults that are set, with how many requests were within the scope of\neach and how many of them it struck.",
		Example: command.Examples("as a table", "tenantry sandbox faults list -o table"),
		Args:    command.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var answer struct{ Faults []fault.Fault }
			if err := m.call(cmd.Context(), f, http.MethodGet, "/faults", nil, &answer); err != nil {
				return err
			}
			return f.Print(faultTable(answer.Faults))
		},
	}
}

func newFaultsSet(f *factory.Factory, m *management) *cobra.Command {
	return &cobra.Command{
		Use:   "set KIND [NAME=VALUE...]",
		Short: "Set a fault",
		Long: `Set a fault of a kind:

  slow           delay=500ms, or delay=500ms delayMax=2s for a random one
  hang           no answer until the client leaves or the fault is cleared
  fail           status=500|502|503|504 body=own|html|empty retryAfter=30s
  reset          the connection is closed without an answer
  truncate       half of the body, or bytes=N of it, then the connection ends
  wrongLength    a Content-Length of half of the body, or of bytes=N
  cutGzip        a compressed body that ends in the middle
  badUTF8        names and descriptions with bytes that are no UTF-8
  hugeBody       a body of 1 GiB, or of bytes=N
  throttle       requests=10 window=1m retryAfter=30s retryAfterAs=seconds|date|none
  portal         a captive portal's page; status=200|511

  shrink         pages of half of what was asked for, or of items=N
  repeat         pages that begin with the last item of the page before
  loop           a next link that leads to the page itself
  foreignLink    a next link to another host
  expandFails    500 for whatever has $expand

  wrongTenant    tokens of otherTenant=TENANT, or of any other
  wrongAudience  tokens for audience=URI, or for any other API
  refreshIn      refreshIn=30m in answers
  longLived      lifetime=24h refreshIn=12h
  clock          offset=-10m, for the whole sandbox

Which requests it strikes, but for clock: services=sts,graph,xdr,mde and
operations=token,incidents.list,… as the journal names them, unless the fault
changes the token (without either, the token service; the APIs for the middle
group), tenant=DOMAIN|TENANT-ID, probability=0.1 with seed=N, and count=N
(strikes until it is spent). All take for=10m, after which the fault is over.`,
		Example: command.Examples(
			"every tenth token request fails", "tenantry sandbox faults set fail probability=0.1 operations=token",
			"one tenant's incidents cannot be read with their alerts", "tenantry sandbox faults set expandFails tenant=alderfinch.onmicrosoft.com",
			"ten requests a minute, as a date", "tenantry sandbox faults set throttle requests=10 window=1m retryAfterAs=date",
			"the clock is ten minutes behind", "tenantry sandbox faults set clock offset=-10m"),
		Args: command.Args(1, -1, "kind"),
		RunE: func(cmd *cobra.Command, args []string) error {
			spec, err := faultSpec(args)
			if err != nil {
				return err
			}
			var set fault.Fault
			if err := m.call(cmd.Context(), f, http.MethodPost, "/faults", spec, &set); err != nil {
				return err
			}
			return f.Print(faultTable([]fault.Fault{set}))
		},
	}
}

func newFaultsClear(f *factory.Factory, m *management) *cobra.Command {
	return &cobra.Command{
		Use:     "clear [ID...]",
		Short:   "Remove faults",
		Long:    "Remove the faults named, or all. Requests that hang because of them are answered.",
		Example: command.Examples("all", "tenantry sandbox faults clear", "one", "tenantry sandbox faults clear f1"),
		Args:    command.Args(0, -1, "id"),
		RunE: func(cmd *cobra.Command, ids []string) error {
			if len(ids) == 0 {
				var answer struct{ Removed int }
				if err := m.call(cmd.Context(), f, http.MethodDelete, "/faults", nil, &answer); err != nil {
					return err
				}
				f.Streams.Notef("removed %d", answer.Removed)
				return nil
			}
			for _, id := range ids {
				if err := m.call(cmd.Context(), f, http.MethodDelete, "/faults/"+id, nil, nil); err != nil {
					return err
				}
				f.Streams.Notef("removed %s", id)
			}
			return nil
		},
	}
}

func newFaultsRotate(f *factory.Factory, m *management) *cobra.Command {
	return &cobra.Command{
		Use:   "rotate-keys",
		Short: "Rotate the signing keys, now",
		Long: `Make the next signing key the current one and publish a new next key. Tokens of
the key before last are refused from then on.`,
		Example: command.Examples("twice: every token so far is void", "tenantry sandbox faults rotate-keys && tenantry sandbox faults rotate-keys"),
		Args:    command.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var k fault.Keys
			if err := m.call(cmd.Context(), f, http.MethodPost, "/keys/rotate", nil, &k); err != nil {
				return err
			}
			return f.Print(output.Result{Doc: k, Columns: []string{"PREVIOUS", "CURRENT", "NEXT"}, Rows: [][]string{{k.Previous, k.Current, k.Next}}})
		},
	}
}

func newFaultsApp(f *factory.Factory, m *management, enable bool) *cobra.Command {
	verb, what, short := "disable-app", "servicePrincipal.disabled", "Let a customer's administrator disable an app"
	if enable {
		verb, what, short = "enable-app", "servicePrincipal.enabled", "Let a customer's administrator enable an app again"
	}
	return &cobra.Command{
		Use:   verb + " TENANT APP",
		Short: short,
		Long: short + `, as in the portal under
Enterprise applications. This changes the world (` + what + ` in the
journal), and tenantry sandbox reset world takes it back. While an app is
disabled its token requests are refused with AADSTS7000112. APP is a client id
or a display name.`,
		Example: command.Examples("in one tenant", "tenantry sandbox faults "+verb+" alderfinch.onmicrosoft.com 11111111-2222-4333-8444-555555555555"),
		Args:    command.Args(2, 2, "tenant and app"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var answer map[string]any
			err := m.call(cmd.Context(), f, http.MethodPut, "/servicePrincipals", map[string]any{"tenant": args[0], "app": args[1], "enabled": enable}, &answer)
			if err != nil {
				return err
			}
			return f.Print(output.Result{Doc: answer, Lines: []any{answer}})
		},
	}
}

// faultSpec makes JSON of the words of a command line. Whether names and
// values are right is judged by the sandbox, which knows its world.
func faultSpec(args []string) (map[string]json.RawMessage, error) {
	numbers := []string{"probability", "seed", "count", "status", "bytes", "requests", "items"}
	spec := map[string]json.RawMessage{}
	put := func(name string, v any) {
		raw, _ := json.Marshal(v) // texts and lists of them: cannot fail
		spec[name] = raw
	}
	put("kind", args[0])
	for _, a := range args[1:] {
		name, value, ok := strings.Cut(a, "=")
		if !ok || name == "" {
			return nil, clierr.Usage("usage: tenantry sandbox faults set KIND [NAME=VALUE...]", "%q is not NAME=VALUE", a)
		}
		if _, twice := spec[name]; twice {
			return nil, clierr.Usage("give it once", "%s is given more than once", name)
		}
		switch {
		case name == "operations", name == "services":
			put(name, strings.Split(value, ","))
		case slices.Contains(numbers, name):
			if !json.Valid([]byte(value)) || strings.ContainsAny(value, `"[{tfn`) {
				return nil, clierr.Usage("write a number", "%s=%q is not a number", name, value)
			}
			spec[name] = json.RawMessage(value)
		default:
			put(name, value)
		}
	}
	return spec, nil
}

func faultTable(all []fault.Fault) output.Result {
	r := output.Result{Doc: all, Columns: []string{"ID", "KIND", "SERVICES", "TENANT", "STATE", "MATCHED", "STRUCK"}}
	if all == nil {
		r.Doc = []fault.Fault{}
	}
	for _, x := range all {
		tenant := x.Tenant
		if tenant == "" {
			tenant = "all"
		}
		r.Rows = append(r.Rows, []string{x.ID, string(x.Kind), strings.Join(x.Services, " "), tenant, x.State, strconv.Itoa(int(x.Matched)), strconv.Itoa(int(x.Struck))})
	}
	return r
}
