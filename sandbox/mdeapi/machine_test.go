package mdeapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/sandbox/world"
)

func TestMachines(t *testing.T) {
	f := newFixture(t)
	bearer := f.app(tenantID, "Machine.Read.All")
	all := f.world.Machines(tenantID)
	a := f.get(bearer, machines)
	if a.status != 200 || len(a.value()) != len(all) || len(all) < 10 {
		t.Fatalf("%d with %d machines of %d", a.status, len(a.value()), len(all))
	}
	if want := host + "/api/$metadata#Machines"; a.text("@odata.context") != want {
		t.Errorf("context %s", a.text("@odata.context"))
	}
	var keys []string
	for i, got := range a.value() {
		d := all[i]
		var names []string
		for k := range got {
			names = append(names, k)
		}
		slices.Sort(names)
		if i == 0 {
			keys = names
		}
		if diff := cmp.Diff(keys, names); diff != "" {
			t.Errorf("machine %d has other keys than the first: %s", i, diff)
		}
		if got["id"] != d.MDEID || got["computerDnsName"] != d.DNSName() || got["osPlatform"] != d.OSPlatform || got["isAadJoined"] != (d.EntraID != "") {
			t.Errorf("machine %d: %v", i, got)
		}
		single := f.get(bearer, machines+"/"+d.MDEID)
		if want := host + "/api/$metadata#Machine"; single.text("@odata.context") != want {
			t.Errorf("context %s", single.text("@odata.context"))
		}
		delete(single.body, "@odata.context")
		if diff := cmp.Diff(got, single.body); diff != "" {
			t.Errorf("list and single machine differ: %s", diff)
		}
	}
	want := strings.Fields("id computerDnsName firstSeen lastSeen osPlatform version osProcessor osArchitecture osBuild lastIpAddress lastExternalIpAddress healthStatus deviceValue onboardingStatus rbacGroupId rbacGroupName riskScore exposureLevel isAadJoined aadDeviceId machineTags ipAddresses")
	slices.Sort(want)
	if d := cmp.Diff(want, keys); d != "" {
		t.Error(d)
	}

	byName := f.get(bearer, machines+"/"+strings.ToUpper(all[0].DNSName()))
	if byName.text("id") != all[0].MDEID {
		t.Errorf("by name: %s", byName.raw)
	}
	none := f.get(bearer, machines+"/123123123")
	if none.status != 404 || none.errorOf("code") != "ResourceNotFound" || none.errorOf("message") != "Machine 123123123 was not found" {
		t.Errorf("unknown machine: %d %s", none.status, none.raw)
	}
	// A machine of one tenant is none of another.
	if a := f.get(f.app(otherID, "Machine.Read.All"), machines+"/"+all[0].MDEID); a.status != 404 {
		t.Errorf("another tenant's machine: %d", a.status)
	}
}

func TestMachineQuery(t *testing.T) {
	f := newFixture(t)
	bearer := f.app(tenantID, "Machine.Read.All")
	all := f.world.Machines(tenantID)
	seen := func(d *world.Device) time.Time {
		if d.LastSeen.IsZero() {
			return noon
		}
		return d.LastSeen
	}
	capital := func(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
	first := all[0]
	prefix := first.Host[:4]
	for _, tt := range []struct {
		filter string
		keep   func(*world.Device) bool
	}{
		// the page's own examples
		{"riskScore eq 'High'", func(d *world.Device) bool { return d.Risk == "high" }},
		{"healthStatus ne 'Active'", func(d *world.Device) bool { return d.Health != "active" }},
		{"lastSeen gt 2018-08-01Z", func(*world.Device) bool { return true }},
		{"startswith(computerDnsName,'" + prefix + "')", func(d *world.Device) bool { return strings.HasPrefix(d.Host, prefix) }},
		// every property of the list
		{"computerDnsName eq '" + first.DNSName() + "'", func(d *world.Device) bool { return d == first }},
		{"ComputerDnsName eq '" + strings.ToUpper(first.DNSName()) + "'", func(d *world.Device) bool { return d == first }},
		{"id eq '" + first.MDEID + "'", func(d *world.Device) bool { return d == first }},
		{"version eq '" + first.OSVersion + "'", func(d *world.Device) bool { return d.OSVersion == first.OSVersion }},
		{"deviceValue eq 'High'", func(d *world.Device) bool { return d.Value == "high" }},
		{"aadDeviceId eq " + first.EntraID, func(d *world.Device) bool { return d == first }},
		{"aadDeviceId eq null", func(d *world.Device) bool { return d.EntraID == "" }},
		{"machineTags/any(tag: tag eq 'server')", func(d *world.Device) bool { return slices.Contains(d.Tags, "server") }},
		{"lastSeen lt " + noon.Add(-time.Hour).Format(time.RFC3339), func(d *world.Device) bool { return seen(d).Before(noon.Add(-time.Hour)) }},
		{"exposureLevel in ('Low','None')", func(d *world.Device) bool { return d.Exposure == "low" || d.Exposure == "none" }},
		{"onboardingStatus eq 'onboarded'", func(d *world.Device) bool { return d.Onboarding == "onboarded" }},
		{"lastIpAddress eq '" + first.LastIP + "'", func(d *world.Device) bool { return d.LastIP == first.LastIP }},
		{"healthStatus eq '" + capital(first.Health) + "'", func(d *world.Device) bool { return d.Health == first.Health }},
		{"osPlatform eq 'Linux'", func(d *world.Device) bool { return d.OSPlatform == "Linux" }},
		{"rbacGroupId eq " + fmt.Sprint(first.RBACGroupID), func(d *world.Device) bool { return d.RBACGroupID == first.RBACGroupID }},
		{"rbacGroupId eq '" + fmt.Sprint(first.RBACGroupID) + "' and not (osPlatform eq 'Windows11')", func(d *world.Device) bool { return d.RBACGroupID == first.RBACGroupID && d.OSPlatform != "Windows11" }},
	} {
		var want []string
		for _, d := range all {
			if tt.keep(d) {
				want = append(want, d.MDEID)
			}
		}
		a := f.get(bearer, machines+"?$filter="+tt.filter)
		if d := cmp.Diff(want, ids(a)); a.status != 200 || d != "" {
			t.Errorf("%s: %d %s", tt.filter, a.status, d)
		}
	}

	// Pages by $top and $skip are the list, cut.
	var joined []string
	for skip := 0; skip < len(all)+3; skip += 3 {
		joined = append(joined, ids(f.get(bearer, fmt.Sprintf("%s?$top=3&$skip=%d", machines, skip)))...)
	}
	if d := cmp.Diff(ids(f.get(bearer, machines)), joined); d != "" {
		t.Error(d)
	}
	for query, want := range map[string]int{"$top=0": 0, "$top=10000": len(all), "$skip=1000": 0, "$filter=osPlatform eq 'Amiga'": 0, "unrelated=1": len(all)} {
		if a := f.get(bearer, machines+"?"+query); a.status != 200 || len(a.value()) != want {
			t.Errorf("%s: %d with %d machines, want %d", query, a.status, len(a.value()), want)
		}
	}

	for query, part := range map[string]string{
		"$filter=managedBy eq 'Intune'":        "could not find a filterable property named 'managedBy'",
		"$filter=osBuild eq 1":                 "osBuild",
		"$filter=healthStatus eq 'Sleeping'":   "not a member",
		"$filter=endswith(computerDnsName,'')": "endswith is not supported",
		"$filter=startswith(osPlatform,'W')":   "startswith is not supported",
		"$filter=lastSeen gt 'yesterday'":      "incompatible types",
		"$filter=id eq":                        "position 5",
		"$top=10001":                           "limit of '10000'",
		"$top=-1":                              "non-negative",
		"$skip=x":                              "non-negative",
		"$select=id":                           "not supported",
		"$orderby=lastSeen":                    "not supported",
		"$count=true":                          "not supported",
		"$top=1&$top=2":                        "more than once",
	} {
		a := f.get(bearer, machines+"?"+query)
		if a.status != 400 || a.errorOf("code") != "ODataError" || !strings.Contains(a.errorOf("message"), part) {
			t.Errorf("%s: %d %s, want %q", query, a.status, a.raw, part)
		}
	}
}

func ids(a answer) []string {
	var out []string
	for _, v := range a.value() {
		out = append(out, fmt.Sprint(v["id"]))
	}
	return out
}

// TestNoMachines: "If there are no recent machines, you see 404 Not Found"
// ("List machines"). The same tenant's other lists are empty ones.
func TestNoMachines(t *testing.T) {
	const id = "12121212-1212-4212-8212-121212121212"
	f := newFixture(t)
	if _, err := f.world.AddTenant(world.Tenant{ID: id, Name: "Idle", Domains: []string{"idle.example"}, Licences: []string{world.LicenceDefenderXDR}, NoMachines: true}); err != nil {
		t.Fatal(err)
	}
	bearer := f.app(id, everything...)
	for _, url := range []string{machines, machines + "?$filter=riskScore eq 'High'"} {
		if a := f.get(bearer, url); a.status != http.StatusNotFound || a.errorOf("code") != "NotFound" {
			t.Errorf("%s: %d %s", url, a.status, a.raw)
		}
	}
	// Options that are wrong are wrong all the same.
	if a := f.get(bearer, machines+"?$filter=nonsense eq 1"); a.status != http.StatusBadRequest || a.errorOf("code") != "ODataError" {
		t.Errorf("wrong filter: %d %s", a.status, a.raw)
	}
	gone := f.world.Inventory(id).Devices[0].MDEID
	if a := f.post(bearer, machines+"/"+gone+"/isolate", `{"Comment":"x","IsolationType":"Full"}`); a.status != http.StatusNotFound || a.errorOf("code") != "ResourceNotFound" {
		t.Errorf("isolate: %d %s", a.status, a.raw)
	}
	if a := f.get(bearer, actions); a.status != http.StatusOK || len(a.value()) != 0 {
		t.Errorf("actions: %d %s", a.status, a.raw)
	}
}
