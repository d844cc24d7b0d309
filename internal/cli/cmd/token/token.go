// Package token is the command group "token".
package token

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/internal/cli/command"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/internal/cli/output"
)

// New makes the group.
func New(f *factory.Factory) *cobra.Command {
	return command.Group(&cobra.Command{
		Use:   "token",
		Short: "Access tokens: get one, and see what is wrong with one",
		Long: `An access token is for one tenant and one resource, and carries the application
roles that the tenant's administrator consented to.`,
		Example: command.Examples("get one and look into it", "tenantry token get --tenant contoso.com | tenantry token inspect"),
	}, newGet(f), newInspect(f))
}

type getOptions struct {
	tenant   string
	resource string
	v1       bool
	show     bool
}

func newGet(f *factory.Factory) *cobra.Command {
	var o getOptions
	cmd := &cobra.Command{
		Use:   "get",
		Short: "Get an access token of a tenant",
		Long: `Get an access token of a tenant, for one resource, as the app.

Into a pipe or a file the token is written as it is, or as JSON with --output
json. On a terminal it is described and not shown, so that it stays out of
scroll-back and screen shares; --show shows it. Whoever has the token can use it
until it expires, in about an hour.

Resources: xdr (the Defender XDR API, the default), graph (Microsoft Graph), mde
(Defender for Endpoint), an application id, or any URI that names an API.
--v1 sends resource= to the version 1 endpoint, as the samples of Microsoft's
partner page do; without it scope=…/.default goes to the version 2 endpoint.
Both answer with the same kind of token: its version is the resource's choice.`,
		Example: command.Examples(
			"for curl", `curl -H "Authorization: Bearer $(tenantry token get --tenant contoso.com)" https://api.security.microsoft.com/api/incidents`,
			"for Microsoft Graph, with its lifetime", "tenantry token get --tenant contoso.com --resource graph --output json --query expiresOn",
			"the way of Microsoft's samples", "tenantry token get --v1 --tenant 11111111-2222-4333-8444-555555555555"),
		Args: command.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runGet(cmd.Context(), f, o) },
	}
	cmd.Flags().StringVar(&o.tenant, "tenant", "", "`tenant` by id, domain or name (default: AZURE_TENANT_ID)")
	cmd.Flags().StringVar(&o.resource, "resource", "xdr", "xdr, graph, mde, keyvault, an application id or a URI")
	cmd.Flags().BoolVar(&o.v1, "v1", false, "use the version 1 endpoint, with resource= in place of scope=")
	cmd.Flags().BoolVar(&o.show, "show", false, "show the token on a terminal too")
	return cmd
}

// Document is the token as JSON; AccessToken is left out where it is not to be
// shown.
type Document struct {
	Tenant      entra.TenantID `json:"tenant"`
	Resource    string         `json:"resource"`
	TokenType   string         `json:"tokenType"`
	ExpiresOn   time.Time      `json:"expiresOn"`
	Roles       []string       `json:"roles"`
	AccessToken string         `json:"accessToken,omitempty"`
}

func runGet(ctx context.Context, f *factory.Factory, o getOptions) error {
	cloud, err := f.Cloud()
	if err != nil {
		return err
	}
	resource, err := entra.ParseResource(cloud, o.resource)
	if err != nil {
		return err
	}
	printer, err := f.Printer()
	if err != nil {
		return err
	}
	app, err := f.App(ctx)
	if err != nil {
		return err
	}
	tokens, err := f.Tokens(ctx, app, factory.TokenOptions{V1: o.v1})
	if err != nil {
		return err
	}
	t, err := f.Tenant(ctx, o.tenant)
	if err != nil {
		return err
	}
	tok, err := tokens.Token(ctx, t.ID, resource)
	if err != nil {
		return err
	}
	visible := o.show || !f.Streams.OutTTY
	chosen := f.Flags.Output != "" || f.Flags.Query != ""
	if visible && !chosen {
		_, err := io.WriteString(f.Streams.Out, tok.Reveal()+"\n")
		return err
	}
	doc := Document{Tenant: t.ID, Resource: resource.URI, TokenType: "Bearer", ExpiresOn: tok.Expires.UTC().Truncate(time.Second), Roles: tok.Claims.Roles}
	if doc.Roles == nil {
		doc.Roles = []string{}
	}
	rows := [][]string{
		{"tenant", fmt.Sprintf("%s (%s)", t.Label(), t.ID)}, {"resource", resource.URI},
		{"expires", doc.ExpiresOn.Format(time.RFC3339)}, {"roles", strings.Join(doc.Roles, ", ")},
	}
	if visible {
		doc.AccessToken = tok.Reveal()
		rows = append(rows, []string{"token", doc.AccessToken})
	} else {
		f.Streams.Notef("the token is not shown on a terminal: pipe it on, or add --show")
	}
	return printer.Print(output.Result{Doc: doc, Columns: []string{"FIELD", "VALUE"}, Rows: rows})
}
