// Package app is the command group "app".
package app

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli/command"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/internal/cli/output"
)

// New makes the group.
func New(f *factory.Factory) *cobra.Command {
	return command.Group(&cobra.Command{
		Use:   "app",
		Short: "The app registration",
		Long: `The app is one multi-tenant registration in your own tenant. Customers consent
to it; it signs in to their tenants with its credential.

An app that was registered by hand, as Microsoft's partner page says, needs
nothing here: set AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or name it in
tenantry.yaml.`,
		Example: command.Examples(
			"register one", "tenantry app create --secret-ref file:app-secret.txt",
			"which app is used?", "tenantry app show"),
	}, newCreate(f), newShow(f))
}

func newShow(f *factory.Factory) *cobra.Command {
	return &cobra.Command{
		Use:   "show",
		Short: "Show which app is used, and where its credential is",
		Long: `Show the app that the other commands sign in as: the one in the state, else the
configuration's, else the one AZURE_* variables describe; and which permissions
its profile asks a customer's administrator for, each with the reason. Nothing
is asked of Microsoft, and the credential is not read: its place is shown.`,
		Example: command.Examples("in words", "tenantry app show", "the client id alone", "tenantry app show -o json --query clientId"),
		Args:    command.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := f.App(cmd.Context())
			if err != nil {
				return err
			}
			p, err := f.ProfileNamed(a.Profile)
			if err != nil {
				return err
			}
			return f.Print(result(a, p))
		},
	}
}

// Shown is the app with what it asks a customer's administrator for.
type Shown struct {
	fleet.App
	Permissions []fleet.Need `json:"permissions"`
}

// apiName is what consent pages call a resource.
func apiName(kind entra.ResourceKind) string {
	switch kind {
	case entra.ResourceGraph:
		return "Microsoft Graph"
	case entra.ResourceDefender:
		return "Microsoft Threat Protection"
	case entra.ResourceEndpoint:
		return "WindowsDefenderATP"
	}
	return string(kind)
}

func result(a fleet.App, p fleet.Profile) output.Result {
	rows := [][]string{
		{"name", a.DisplayName}, {"client id", a.ClientID}, {"object id", a.ObjectID}, {"home tenant", string(a.HomeTenant)}, {"cloud", a.Cloud},
		{"profile", a.Profile}, {"redirect URIs", strings.Join(a.RedirectURIs, " ")},
		{"credential", a.Credential.Kind + ", kept at " + a.Credential.Ref},
	}
	if !a.Credential.Expires.IsZero() {
		rows = append(rows, []string{"expires", a.Credential.Expires.UTC().Format(time.RFC3339)})
	}
	for _, n := range p.Needs {
		rows = append(rows, []string{"asks for", fmt.Sprintf("%s of %s: %s", n.Role, apiName(n.Resource), n.Reason)})
	}
	kept := rows[:0]
	for _, r := range rows {
		if r[1] != "" {
			kept = append(kept, r)
		}
	}
	doc := Shown{App: a, Permissions: p.Needs}
	return output.Result{Doc: doc, Lines: []any{doc}, Columns: []string{"FIELD", "VALUE"}, Rows: kept}
}
