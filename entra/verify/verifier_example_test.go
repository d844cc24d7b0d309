package verify_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/entra/verify"
)

// Judge access tokens in a program. The token service is a stand-in here; with
// Entra it is https://login.microsoftonline.com/common and entra.Clouds()[0].
func ExampleNew() {
	const (
		contoso = "1e6a0c4e-9f57-4d34-8d41-0d6a5f2b7c11"
		api     = "5a1e0000-1234-4abc-8def-001122334455"
	)
	service := newTokenService()
	defer service.Close()
	cloud, err := entra.CustomCloud("stand-in", service.URL, service.URL, service.URL, service.URL)
	if err != nil {
		log.Fatal(err)
	}
	verifier, err := verify.New(verify.Config{
		Cloud:     cloud,
		Audiences: []string{api},
		Tenants:   []entra.TenantID{contoso},
		Kind:      verify.KindApplication,
		Keys:      verify.NewRemoteKeys(service.URL+"/common", service.Client(), nil),
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, token := range []string{
		service.token(contoso, api, "Reports.Read.All"),
		service.token(contoso, "https://another.example", "Reports.Read.All"),
	} {
		claims, err := verifier.Verify(context.Background(), token)
		var refused *verify.Error
		var noKeys *verify.KeySourceError
		switch {
		case errors.As(err, &refused):
			fmt.Println("refused:", refused.Rule)
		case errors.As(err, &noKeys):
			fmt.Println("ask again later:", noKeys)
		case err != nil:
			log.Fatal(err)
		default:
			fmt.Println(claims.Kind(), claims.Roles)
		}
	}
	// Output:
	// application [Reports.Read.All]
	// refused: audience
}

// Ask why an API refuses a token. Nothing is asked of the network.
func ExampleInspect() {
	service := newTokenService()
	defer service.Close()
	cloud, err := entra.CustomCloud("stand-in", service.URL, service.URL, service.URL, service.URL)
	if err != nil {
		log.Fatal(err)
	}
	token := service.token("1e6a0c4e-9f57-4d34-8d41-0d6a5f2b7c11", entra.AppIDDefender, "Incident.ReadWrite.All")
	report, err := verify.Inspect(token, verify.InspectOptions{Cloud: cloud, Roles: []string{"Incidents.ReadWrite.All"}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(report.Kind, "token for", report.Target.Name)
	fmt.Println(report.Check(verify.CheckSignature).Status, report.Check(verify.CheckIssuer).Status)
	for _, role := range report.Roles {
		fmt.Printf("%s: %s, near %s\n", role.Role, role.Status, role.Near)
	}
	// Output:
	// application token for Microsoft Defender XDR (shown as Microsoft Threat Protection)
	// skipped passed
	// Incidents.ReadWrite.All: failed, near Incident.ReadWrite.All
}
