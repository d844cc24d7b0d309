package consent_test

import (
	"context"
	"fmt"
	"time"

	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/entra/consent"
)

func ExampleDocumentedLink() {
	cloud, err := entra.CloudByName("public")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(consent.DocumentedLink(cloud, "00000000-0000-0000-0000-000000000000"))
	// Output:
	// https://login.microsoftonline.com/common/oauth2/authorize?prompt=consent&client_id=00000000-0000-0000-0000-000000000000&response_type=code&sso_reload=true
}

func ExampleParseCallbackURL() {
	result, err := consent.ParseCallbackURL("https://partner.example/callback?error=access_denied" +
		"&error_description=AADSTS65004%3a+User+declined+to+consent+to+access+the+app.&admin_consent=True&state=s#")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.Kind, result.AADSTS)
	fmt.Println(result.Next)
	// Output:
	// declined 65004
	// Ask the administrator whether the refusal was meant, and send the consent link again.
}

func ExampleInvitation_Check() {
	cloud, _ := entra.CloudByName("public")
	inv, err := consent.NewInvitation(consent.InvitationConfig{
		Cloud: cloud, ClientID: "33333333-cccc-4ccc-8ccc-333333333333", RedirectURI: "https://partner.example/callback",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	forged := consent.Result{Kind: consent.Granted, State: "guessed", Tenant: "11111111-aaaa-4aaa-8aaa-111111111111"}
	fmt.Println(inv.Check(forged, time.Now()))
	// Output:
	// consent callback: its state is not that of the invitation: make a new invitation and use its link only; do not trust this callback
}

// propagating is a tenant whose consent takes one round to arrive.
type propagating struct{ asked int }

func (p *propagating) Fresh(_ context.Context, tenant entra.TenantID, r entra.Resource) (entra.Token, error) {
	p.asked++
	if p.asked == 1 {
		return entra.Token{}, entra.ParseErrorDescription("invalid_client", "AADSTS7000229: The client application is missing service principal in the tenant.")
	}
	return entra.Token{Grant: &entra.Grant{Tenant: tenant, Resource: r, Claims: entra.Claims{Roles: []string{"Incident.Read.All"}}}}, nil
}

func ExampleProve() {
	cloud, _ := entra.CloudByName("public")
	needs := []consent.Need{{Resource: cloud.Resource(entra.ResourceDefender), Roles: []string{"Incident.Read.All"}}}
	proof, err := consent.Prove(context.Background(), &propagating{}, "11111111-aaaa-4aaa-8aaa-111111111111", needs, consent.ProveOptions{
		OnAttempt: func(a consent.Attempt) { fmt.Printf("round %d: missing %v\n", a.Round, a.Missing) },
		Sleep:     func(context.Context, time.Duration) error { return nil },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("proved:", proof.Roles[entra.ResourceDefender])
	// Output:
	// round 1: missing [Incident.Read.All]
	// round 2: missing []
	// proved: [Incident.Read.All]
}
