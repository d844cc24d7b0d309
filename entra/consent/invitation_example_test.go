package consent_test

import (
	"fmt"
	"net/url"
	"time"

	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/entra/consent"
)

// Invite a customer, and read what the browser brings back. What it says is a
// claim until Prove has seen a token.
func ExampleNewInvitation() {
	cloud, _ := entra.CloudByName("public")
	inv, err := consent.NewInvitation(consent.InvitationConfig{
		Cloud:       cloud,
		ClientID:    "33333333-cccc-4ccc-8ccc-333333333333",
		Tenant:      "11111111-aaaa-4aaa-8aaa-111111111111",
		RedirectURI: "https://partner.example/callback",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	link, _ := url.Parse(inv.AdminConsentLinkV1()) // send this to the administrator, keep inv
	fmt.Println(link.Host + link.Path)
	fmt.Println("state is random:", link.Query().Get("state") == inv.State && len(inv.State) >= 16)

	callback := url.Values{"admin_consent": {"True"}, "tenant": {"11111111-aaaa-4aaa-8aaa-111111111111"}, "state": {inv.State}}
	result, err := consent.ParseCallback(callback)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := inv.Check(result, time.Now()); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.Kind, "says the callback")
	fmt.Println(result.Next)
	// Output:
	// login.microsoftonline.com/11111111-aaaa-4aaa-8aaa-111111111111/adminconsent
	// state is random: true
	// granted says the callback
	// Prove the consent by asking for a token of the tenant; the callback alone proves nothing.
}
