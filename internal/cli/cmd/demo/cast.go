package demo

import (
	"github.com/tenantry/tenantry/onboard"
)

// customer is one customer of the play: what is done, and how it must end.
type customer struct {
	domain string
	story  string // the condition, in a few words
	link   onboard.Kind
	// profile is proved in place of the app's, and limits a v2 link to its
	// resources; empty means the app's.
	profile  string
	visitors []person
	disabled bool // the administrator disables the app after the consent
	former   bool // still served by the partner's former registration
	// ends is how reading the incidents must end: "ok", or the code of the
	// failure.
	ends string
}

// person opens the consent link.
type person struct {
	name    string // before the @ of the user principal name
	does    string // in words
	tick    bool
	decline bool
}

const password = "Sandbox-1" // of everybody in the default world

// cast are the customers of the default world, in its order.
func cast() []customer {
	admin := person{name: "admin", does: "the administrator accepts"}
	ticking := person{name: "admin", does: "the administrator ticks the box for the organization and accepts", tick: true}
	return []customer{
		{domain: "alderfinch.onmicrosoft.com", story: "healthy", link: onboard.Documented, visitors: []person{ticking}, ends: "ok"},
		{domain: "brightwaterdental.onmicrosoft.com", story: "healthy", link: onboard.AdminV1, visitors: []person{admin}, ends: "ok"},
		{domain: "cobaltfreight.onmicrosoft.com", story: "still served by the former app, whose secret has expired", former: true, ends: "AADSTS7000222"},
		{domain: "dunmorebrewing.onmicrosoft.com", story: "accepted without the tick box", link: onboard.Documented, visitors: []person{{name: "admin", does: "the administrator accepts without ticking the box"}}, ends: "no-role"},
		{domain: "elmsteadcouncil.onmicrosoft.com", story: "consented, then disabled the app", link: onboard.AdminV1, visitors: []person{admin}, disabled: true, ends: "AADSTS7000112"},
		{domain: "fenwicklogistics.onmicrosoft.com", story: "has not opened the link", link: onboard.Documented, ends: "AADSTS7000229"},
		{domain: "glasshousemedia.onmicrosoft.com", story: "consents to the Defender XDR API alone", link: onboard.AdminV2, profile: "partner", visitors: []person{
			{name: "clerk@glasshouse.example", does: "a clerk tries, and may not"},
			{name: "apps", does: "the Cloud Application Administrator accepts"},
		}, ends: "ok"},
		{domain: "harrowclinic.onmicrosoft.com", story: "has no licence for Defender", link: onboard.AdminV1, visitors: []person{admin}, ends: "AADSTS7000229"},
		{domain: "ironbridgesupply.onmicrosoft.us", story: "lives in another cloud", ends: "AADSTS90038"},
		{domain: "juniperschools.onmicrosoft.com", story: "cancels first, then accepts", link: onboard.AdminV2, visitors: []person{
			{name: "admin", does: "the administrator cancels", decline: true},
			{name: "admin", does: "asked again, the administrator accepts"},
		}, ends: "ok"},
		{domain: "kestrelinsurance.onmicrosoft.com", story: "has nobody there who may consent", link: onboard.AdminV1, visitors: []person{{name: "clerk", does: "the clerk tries, and may not"}}, ends: "AADSTS7000229"},
		{domain: "lakeshoreutilities.onmicrosoft.com", story: "has Defender for Endpoint alone", link: onboard.AdminV1, visitors: []person{admin}, ends: "AADSTS7000229"},
	}
}
