package mdeapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/sandbox/world"
)

const sha1 = "220e7d15b011d7fac48f2bd61114db1022197f7f"

// submission is a body with some parameters replaced; null leaves one out.
func submission(replace map[string]string) string {
	all := map[string]string{
		"indicatorValue": `"` + sha1 + `"`, "indicatorType": `"FileSha1"`, "title": `"test"`, "application": `"demo-test"`, "action": `"AlertAndBlock"`,
		"severity": `"Informational"`, "description": `"test"`, "recommendedActions": `"nothing"`, "rbacGroupNames": `["group1","group2"]`, "expirationTime": `"2026-12-12T00:00:00Z"`,
	}
	for k, v := range replace {
		all[k] = v
	}
	var parts []string
	for k, v := range all {
		if v != "null" {
			parts = append(parts, `"`+k+`":`+v)
		}
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// TestSubmit drives the page's own example, then updates what it made.
func TestSubmit(t *testing.T) {
	f := newFixture(t)
	bearer := f.app(tenantID, "Ti.ReadWrite.All")
	a := f.post(bearer, indicators, submission(nil))
	want := map[string]any{
		"@odata.context": host + "/api/$metadata#Indicators/$entity", "id": "1", "indicatorValue": sha1, "indicatorType": "FileSha1", "action": "AlertAndBlock",
		"application": "demo-test", "source": "Partner Connector", "sourceType": "AadApp", "title": "test", "creationTimeDateTimeUtc": "2026-05-04T12:00:00Z",
		"createdBy": appID, "createdByDisplayName": "Partner Connector", "createdBySource": "Partner Connector", "expirationTime": "2026-12-12T00:00:00Z",
		"lastUpdateTime": "2026-05-04T12:00:00Z", "lastUpdatedBy": "Partner Connector", "severity": "Informational", "description": "test", "recommendedActions": "nothing",
		"rbacGroupNames": []any{"group1", "group2"}, "rbacGroupIds": []any{}, "generateAlert": false, "externalId": nil,
	}
	if d := cmp.Diff(want, a.body); a.status != 200 || d != "" {
		t.Fatalf("%d %s", a.status, d)
	}
	if noted, _ := f.lastEvent().Detail["indicator"].(map[string]any); noted["id"] != "1" {
		t.Errorf("journal: %+v", f.lastEvent().Detail)
	}

	// The same type and value again, in other letters, updates: all but the
	// application, which "doesn't update the value on an existing indicator".
	f.wait(time.Hour)
	a = f.post(bearer, indicators, submission(map[string]string{
		"indicatorValue": `"` + strings.ToUpper(sha1) + `"`, "action": `"audit"`, "generateAlert": `"True"`, "application": `"other"`, "severity": "null",
		"expirationTime": "null", "rbacGroupNames": `"a, b,"`,
	}))
	for k, v := range map[string]any{
		"id": "1", "action": "Audit", "generateAlert": true, "application": "demo-test", "severity": nil, "expirationTime": nil,
		"creationTimeDateTimeUtc": "2026-05-04T12:00:00Z", "lastUpdateTime": "2026-05-04T13:00:00Z",
	} {
		if a.body[k] != v {
			t.Errorf("after the update %s is %v, want %v", k, a.body[k], v)
		}
	}
	if d := cmp.Diff([]any{"a", "b"}, a.body["rbacGroupNames"]); d != "" {
		t.Error(d)
	}
	if n := len(f.world.Indicators(tenantID)); n != 1 {
		t.Errorf("%d indicators", n)
	}
	if n := len(f.world.Indicators(otherID)); n != 0 {
		t.Errorf("%d indicators in the other tenant", n)
	}
	if a := f.post(f.user(operatorID, "Ti.ReadWrite"), indicators, submission(map[string]string{"indicatorValue": `"198.51.100.7"`, "indicatorType": `"IpAddress"`})); a.text("sourceType") != "User" || a.text("createdBy") != "olga@contoso.example" || a.text("id") != "2" {
		t.Errorf("as a user: %d %s", a.status, a.raw)
	}
}

func TestSubmitRefused(t *testing.T) {
	f := newFixture(t)
	bearer := f.app(tenantID, "Ti.ReadWrite.All")
	of := func(kind, value string) string {
		return submission(map[string]string{"indicatorType": `"` + kind + `"`, "indicatorValue": `"` + value + `"`})
	}
	for _, tt := range []struct {
		name, body, code, told string
	}{
		{"no value", submission(map[string]string{"indicatorValue": "null"}), "MissingRequiredParameter", "indicatorValue"},
		{"no type", submission(map[string]string{"indicatorType": "null"}), "MissingRequiredParameter", "indicatorType"},
		{"no action", submission(map[string]string{"action": "null"}), "MissingRequiredParameter", "action"},
		{"no title", submission(map[string]string{"title": "null"}), "MissingRequiredParameter", "title"},
		{"empty description", submission(map[string]string{"description": `""`}), "MissingRequiredParameter", "description"},
		{"value in other letters", `{"IndicatorValue":"x"}`, "InvalidRequestBody", "'indicatorValue'"},
		{"unknown type", of("FileSha3", sha1), "InvalidInput", "FileSha3"},
		{"unknown action", submission(map[string]string{"action": `"Delete"`}), "InvalidInput", "BlockAndRemediate"},
		{"unknown severity", submission(map[string]string{"severity": `"Huge"`}), "InvalidInput", "Informational, Low"},
		{"audit without alert", submission(map[string]string{"action": `"Audit"`}), "InvalidInput", "generateAlert"},
		{"audit with alert off", submission(map[string]string{"action": `"Audit"`, "generateAlert": "false"}), "InvalidInput", "generateAlert"},
		{"alert maybe", submission(map[string]string{"generateAlert": `"maybe"`}), "InvalidRequestBody", "generateAlert"},
		{"alert as a number", submission(map[string]string{"generateAlert": "1"}), "InvalidRequestBody", "generateAlert"},
		{"expired", submission(map[string]string{"expirationTime": `"2020-12-12T00:00:00Z"`}), "InvalidInput", "in the past"},
		{"expires now", submission(map[string]string{"expirationTime": `"2026-05-04T12:00:00Z"`}), "InvalidInput", "in the past"},
		{"expires someday", submission(map[string]string{"expirationTime": `"someday"`}), "InvalidRequestBody", "expirationTime"},
		{"groups of numbers", submission(map[string]string{"rbacGroupNames": "[1]"}), "InvalidRequestBody", "rbacGroupNames"},
		{"a short SHA-1", of("FileSha1", sha1[1:]), "InvalidHashValue", sha1[1:]},
		{"no hex", of("FileSha1", "g"+sha1[1:]), "InvalidHashValue", "is invalid"},
		{"a SHA-1 as SHA-256", of("FileSha256", sha1), "InvalidHashValue", "is invalid"},
		{"a SHA-1 as MD5", of("FileMd5", sha1), "InvalidHashValue", "is invalid"},
		{"a thumbprint with blanks", of("CertificateThumbprint", "22 "+sha1[3:]), "InvalidHashValue", "is invalid"},
		{"a network", of("IpAddress", "198.51.100.0/24"), "InvalidIpAddress", "198.51.100.0/24"},
		{"an address with a zone", of("IpAddress", "fe80::1%eth0"), "InvalidIpAddress", "is invalid"},
		{"a name as address", of("IpAddress", "example.com"), "InvalidIpAddress", "is invalid"},
		{"a URL as domain", of("DomainName", "https://example.com"), "InvalidDomainName", "is invalid"},
		{"one label", of("DomainName", "localhost"), "InvalidDomainName", "is invalid"},
		{"an empty label", of("DomainName", "a..example"), "InvalidDomainName", "is invalid"},
		{"a hyphen first", of("DomainName", "-a.example"), "InvalidDomainName", "is invalid"},
		{"another scheme", of("Url", "ftp://example.com/"), "InvalidUrl", "is invalid"},
		{"a URL without host", of("Url", "https:///x"), "InvalidUrl", "is invalid"},
		{"a URL with password", of("Url", "https://a:b@example.com/"), "InvalidUrl", "is invalid"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := f.post(bearer, indicators, tt.body)
			if a.status != 400 || a.errorOf("code") != tt.code {
				t.Fatalf("%d %s, want %s", a.status, a.raw, tt.code)
			}
			if e := f.lastEvent(); !strings.Contains(a.errorOf("message")+e.Decision, tt.told) {
				t.Errorf("message %q, journal %q: neither tells %q", a.errorOf("message"), e.Decision, tt.told)
			}
		})
	}
	if n := len(f.world.Indicators(tenantID)); n != 0 {
		t.Errorf("%d indicators from refused calls", n)
	}
	for kind, value := range map[string]string{
		"FileMd5": "D41D8CD98F00B204E9800998ECF8427E", "FileSha256": strings.Repeat("ab", 32), "CertificateThumbprint": sha1, "IpAddress": "2001:db8::1",
		"DomainName": "mail_1.example.com", "Url": "example.com/path?q=1",
	} {
		if a := f.post(bearer, indicators, of(kind, value)); a.status != 200 || a.text("indicatorValue") != value {
			t.Errorf("%s %s: %d %s", kind, value, a.status, a.raw)
		}
	}
}

// TestOwnIndicators: with Ti.ReadWrite an application sees and deletes what it
// made and nothing else.
func TestOwnIndicators(t *testing.T) {
	f := newFixture(t)
	all, own := f.app(tenantID, "Ti.ReadWrite.All"), f.app(tenantID, "Ti.ReadWrite")
	foreign := f.sign(mdeAudience, map[string]any{"tid": tenantID, "oid": "sp2", "sub": "sp2", "appid": otherApp, "roles": []string{"Ti.ReadWrite"}})
	f.post(own, indicators, submission(nil))
	a := f.post(foreign, indicators, submission(map[string]string{"indicatorType": `"DomainName"`, "indicatorValue": `"a.example"`, "action": `"Block"`}))
	if a.text("createdBy") != otherApp || a.text("source") != otherApp {
		t.Errorf("an application unknown to the world: %s", a.raw)
	}
	for _, tt := range []struct {
		name, bearer string
		want         []string
	}{
		{"all", all, []string{"1", "2"}}, {"own", own, []string{"1"}}, {"foreign", foreign, []string{"2"}}, {"a user", f.user(analystID, "Ti.ReadWrite"), []string{"1", "2"}},
	} {
		if d := cmp.Diff(tt.want, ids(f.get(tt.bearer, indicators))); d != "" {
			t.Errorf("%s: %s", tt.name, d)
		}
	}
	if a := f.post(foreign, indicators, submission(map[string]string{"title": `"mine now"`})); a.status != 403 || a.errorOf("code") != "DisallowedOperation" {
		t.Errorf("updating another's: %d %s", a.status, a.raw)
	}
	if a := f.do(http.MethodDelete, foreign, indicators+"/1", ""); a.status != 404 {
		t.Errorf("deleting another's: %d %s", a.status, a.raw)
	}
	if i, ok := f.world.Indicator(tenantID, "1"); !ok || i.Title != "test" {
		t.Errorf("the indicator was changed: %+v", i)
	}
	for i, want := range []int{204, 404} {
		a := f.do(http.MethodDelete, all, indicators+"/2", "")
		if a.status != want {
			t.Errorf("deletion %d: %d %s", i+1, a.status, a.raw)
		}
		if want == 404 && (a.errorOf("code") != "ResourceNotFound" || a.errorOf("message") != "Indicator 2 was not found") {
			t.Errorf("deletion %d: %s", i+1, a.raw)
		}
	}
}

func TestIndicatorQuery(t *testing.T) {
	f := newFixture(t)
	bearer := f.app(tenantID, "Ti.ReadWrite.All")
	f.post(bearer, indicators, submission(nil))
	f.wait(time.Hour)
	f.post(f.user(operatorID, "Ti.ReadWrite"), indicators, submission(map[string]string{
		"indicatorType": `"IpAddress"`, "indicatorValue": `"198.51.100.7"`, "action": `"Audit"`, "generateAlert": "true", "severity": `"High"`,
		"application": "null", "expirationTime": "null", "rbacGroupNames": "null", "title": `"second"`,
	}))
	for filter, want := range map[string][]string{
		"action+eq+'AlertAndBlock'":                       {"1"},
		"application eq 'demo-test'":                      {"1"},
		"application eq null":                             {"2"},
		"createdByDisplayName eq 'Partner Connector'":     {"1"},
		"createdBy eq '" + appID + "'":                    {"1"},
		"createdBy eq 'olga@contoso.example'":             {"2"},
		"expirationTime lt 2027-01-01T00:00:00Z":          {"1"},
		"expirationTime eq null":                          {"2"},
		"generateAlert eq true":                           {"2"},
		"title eq 'second'":                               {"2"},
		"rbacGroupNames/any(g:g eq 'group2')":             {"1"},
		"rbacGroupIds/any(g:g eq '1')":                    nil,
		"indicatorValue eq '198.51.100.7'":                {"2"},
		"indicatorType in ('IpAddress','FileSha1')":       {"1", "2"},
		"creationTimeDateTimeUtc gt 2026-05-04T12:00:00Z": {"2"},
		"severity ne 'High'":                              {"1"},
	} {
		a := f.get(bearer, indicators+"?$filter="+filter)
		if d := cmp.Diff(want, ids(a)); a.status != 200 || d != "" {
			t.Errorf("%s: %d %s", filter, a.status, d)
		}
	}
	for filter, part := range map[string]string{"description eq 'test'": "description", "action eq 'Explode'": "not a member", "generateAlert eq 'True'": "incompatible types"} {
		if a := f.get(bearer, indicators+"?$filter="+filter); a.status != 400 || a.errorOf("code") != "ODataError" || !strings.Contains(a.errorOf("message"), part) {
			t.Errorf("%s: %d %s", filter, a.status, a.raw)
		}
	}
	// What has expired is listed no more.
	f.wait(366 * 24 * time.Hour)
	later := f.app(tenantID, "Ti.ReadWrite.All")
	if d := cmp.Diff([]string{"2"}, ids(f.get(later, indicators))); d != "" {
		t.Error(d)
	}
	if a := f.do(http.MethodDelete, later, indicators+"/1", ""); a.status != 404 {
		t.Errorf("deleting an expired one: %d", a.status)
	}
}

// TestIndicatorLimit: 15,000 active indicators per tenant, and an update of
// one of them still goes.
func TestIndicatorLimit(t *testing.T) {
	f := newFixture(t)
	for i := range world.MaxIndicators {
		if _, _, err := f.world.PutIndicator(tenantID, world.Indicator{Type: "DomainName", Value: fmt.Sprintf("h%d.example", i), Action: "Block", Title: "t", Description: "d"}); err != nil {
			t.Fatal(err)
		}
	}
	bearer := f.app(tenantID, "Ti.ReadWrite.All")
	if a := f.post(bearer, indicators, submission(nil)); a.status != 400 || a.errorOf("code") != "BadRequest" || !strings.Contains(a.errorOf("message"), "15000") {
		t.Errorf("one too many: %d %s", a.status, a.raw)
	}
	if a := f.post(bearer, indicators, submission(map[string]string{"indicatorType": `"DomainName"`, "indicatorValue": `"h7.example"`})); a.status != 200 || a.text("id") != "8" {
		t.Errorf("an update: %d %s", a.status, a.raw)
	}
	if n := len(f.get(bearer, indicators).value()); n != 10_000 {
		t.Errorf("%d indicators on the first page", n)
	}
	if n := len(f.get(bearer, indicators+"?$skip=10000").value()); n != 5_000 {
		t.Errorf("%d indicators on the second page", n)
	}
}
