package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/entra/consent"
	"github.com/tenantry/tenantry/entra/directory"
	"github.com/tenantry/tenantry/entra/verify"
)

// The Go blocks of docs/from-microsofts-samples.md are the bodies of the
// functions below, and TestSamples calls each where its block stands.

func createApp(ctx context.Context, hc *http.Client, show func(entra.DeviceCode), sleep func(context.Context, time.Duration) error) (clientID string, secret entra.Secret, err error) {
	cloud, err := entra.CloudByName("public")
	if err != nil {
		return "", secret, err
	}
	me, err := entra.SignInWithDeviceCode(ctx, entra.DeviceConfig{
		Cloud: cloud, Scopes: []string{"Application.ReadWrite.All"}, HTTPClient: hc, Sleep: sleep,
	}, show)
	if err != nil {
		return "", secret, err
	}
	graph := directory.New(cloud.Graph, func(context.Context) (string, error) { return me.Reveal(), nil }, hc)
	app, err := graph.CreateApplication(ctx, directory.NewApplication{
		DisplayName:    "Tenantry",
		SignInAudience: directory.MultiTenant,
		RedirectURIs:   []string{"https://portal.azure.com"},
		RequiredResources: []directory.RequiredResource{{
			ResourceAppID: entra.AppIDDefender, // Microsoft Threat Protection
			Access: []directory.ResourceAccess{
				{ID: "a9790345-4595-42e4-971a-ccdc79f19b7c", Type: directory.Role}, // Incident.Read.All
			},
		}},
	})
	if err != nil {
		return "", secret, err
	}
	if _, err := graph.CreateServicePrincipal(ctx, app.AppID); err != nil {
		return "", secret, err
	}
	password, err := graph.AddPassword(ctx, app.ID, "made by a program", time.Now().AddDate(0, 0, 180))
	return app.AppID, password.Secret, err
}

func consentLink(clientID string, out io.Writer) error {
	cloud, err := entra.CloudByName("public")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, consent.DocumentedLink(cloud, clientID))
	return err
}

func proveConsent(ctx context.Context, hc *http.Client, clientID string, secret entra.Secret) (consent.Proof, error) {
	cloud, err := entra.CloudByName("public")
	if err != nil {
		return consent.Proof{}, err
	}
	tokens, err := entra.NewTokens(entra.Config{Cloud: cloud, ClientID: clientID, Credential: entra.ClientSecret(secret), HTTPClient: hc})
	if err != nil {
		return consent.Proof{}, err
	}
	tenant, err := entra.ResolveTenant(ctx, hc, cloud, "fenwicklogistics.onmicrosoft.com")
	if err != nil {
		return consent.Proof{}, err
	}
	need := consent.Need{Resource: cloud.Resource(entra.ResourceDefender), Roles: []string{"Incident.Read.All"}}
	return consent.Prove(ctx, tokens, tenant, []consent.Need{need}, consent.ProveOptions{Deadline: time.Minute})
}

func tokenV1(ctx context.Context, hc *http.Client, clientID string, secret entra.Secret, tenant entra.TenantID) (entra.Token, error) {
	cloud, err := entra.CloudByName("public")
	if err != nil {
		return entra.Token{}, err
	}
	tokens, err := entra.NewTokens(entra.Config{
		Cloud: cloud, Protocol: entra.V1, ClientID: clientID, Credential: entra.ClientSecret(secret), HTTPClient: hc,
	})
	if err != nil {
		return entra.Token{}, err
	}
	return tokens.Token(ctx, tenant, cloud.Resource(entra.ResourceDefender))
}

func tokenV2(ctx context.Context, hc *http.Client, clientID string, secret entra.Secret, tenant entra.TenantID) (entra.Token, error) {
	cloud, err := entra.CloudByName("public")
	if err != nil {
		return entra.Token{}, err
	}
	tokens, err := entra.NewTokens(entra.Config{
		Cloud: cloud, ClientID: clientID, Credential: entra.ClientSecret(secret), HTTPClient: hc,
	})
	if err != nil {
		return entra.Token{}, err
	}
	return tokens.Token(ctx, tenant, cloud.Resource(entra.ResourceDefender)) // kept until five minutes before it expires
}

func explainRefusal(ctx context.Context, tokens *entra.Tokens, tenant entra.TenantID, out io.Writer) error {
	_, err := tokens.Token(ctx, tenant, tokens.Cloud().Resource(entra.ResourceDefender))
	if refusal, ok := errors.AsType[*entra.Error](err); ok {
		fmt.Fprintf(out, "AADSTS%d: %s\nask Microsoft's support with %s of %s\n", refusal.Code, refusal.Next(), refusal.CorrelationID, refusal.Time)
	}
	return err
}

func tokenForOldName(ctx context.Context, tokens *entra.Tokens, tenant entra.TenantID) (entra.Token, error) {
	resource, err := entra.ParseResource(tokens.Cloud(), "https://securitycenter.onmicrosoft.com/windowsatpservice/.default")
	if err != nil {
		return entra.Token{}, err
	}
	return tokens.Token(ctx, tenant, resource)
}

func validateToken(ctx context.Context, hc *http.Client, token string, out io.Writer) (verify.Report, error) {
	report, err := verify.InspectContext(ctx, token, verify.InspectOptions{
		Keys:  verify.NewRemoteKeys("https://login.microsoftonline.com/common", hc, nil),
		Roles: []string{"Incident.Read.All"},
	})
	if err != nil {
		return report, err
	}
	for _, check := range report.Failures() {
		fmt.Fprintf(out, "%s: %s; %s\n", check.Name, check.Detail, check.Remedy)
	}
	if meant, near := verify.NearMiss("Incidents.Read.All", report.Claims.Roles); near {
		fmt.Fprintln(out, "the picture of the page means", meant)
	}
	return report, nil
}

func readIncidents(ctx context.Context, hc *http.Client, tokens *entra.Tokens, tenant entra.TenantID, out io.Writer) error {
	client, err := defender.New(defender.Config{
		XDR: tokens.Cloud().Defender, HTTPClient: hc,
		Token: func(ctx context.Context, _ defender.Surface) (string, error) {
			token, err := tokens.Token(ctx, tenant, tokens.Cloud().Resource(entra.ResourceDefender))
			return token.Reveal(), err
		},
	})
	if err != nil {
		return err
	}
	for incident, err := range client.Incidents(defender.SurfaceXDR).All(ctx, defender.ListOptions{}) {
		if err != nil {
			return err
		}
		fmt.Fprintln(out, incident.ID, incident.Severity, incident.Name)
	}
	return nil
}
