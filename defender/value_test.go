package defender

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseTime(t *testing.T) {
	base := time.Date(2026, 11, 20, 12, 7, 21, 0, time.UTC)
	for in, want := range map[string]time.Time{
		"2026-11-20T12:07:21Z":             base,
		"2026-11-20T12:07:21":              base,
		"2026-11-20T12:07:21.7Z":           base.Add(700 * time.Millisecond),
		"2026-11-20T12:07:21.72Z":          base.Add(720 * time.Millisecond),
		"2026-11-20T12:07:21.726Z":         base.Add(726 * time.Millisecond),
		"2026-11-20T12:07:21.7266Z":        base.Add(726600 * time.Microsecond),
		"2026-11-20T12:07:21.72666Z":       base.Add(726660 * time.Microsecond),
		"2026-11-20T12:07:21.726666Z":      base.Add(726666 * time.Microsecond),
		"2026-11-20T12:07:21.7266667Z":     base.Add(726666700 * time.Nanosecond),
		"2026-11-20T12:07:21.7266667":      base.Add(726666700 * time.Nanosecond),
		"2026-11-20T13:07:21.5+01:00":      base.Add(500 * time.Millisecond),
		"2026-11-20T07:07:21-05:00":        base,
		"0001-01-01T00:00:00Z":             {},
		"0001-01-01T00:00:00":              {},
		"2026-11-20T12:07:21.123456789Z":   base.Add(123456789),
		"2026-11-20T12:07:21.12345678999Z": base.Add(123456789),
	} {
		got, err := parseTime(in)
		if err != nil || !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("parseTime(%q) = %v, %v; want %v", in, got, err, want)
		}
	}
	for _, in := range []string{
		"", "2026-11-20", "12:07:21", "2026-11-20 12:07:21Z", "2026-13-20T12:07:21Z", "2026-11-31T12:07:21Z", "2026-11-20T25:07:21Z",
		"2026-11-20T12:07:21,5Z", "2026-11-20T1:07:21Z", "2026-11-20T12:07:21ZZ", "2026-11-20T12:07:21.Z", "never", "1763640441",
	} {
		if got, err := parseTime(in); err == nil {
			t.Errorf("parseTime(%q) = %v, want an error", in, got)
		}
	}
}

func FuzzParseTime(f *testing.F) {
	f.Add("2026-11-20T12:07:21.7266667Z")
	f.Add("2026-11-20T12:07:21")
	f.Add("0001-01-01T00:00:00+14:00")
	f.Fuzz(func(t *testing.T, in string) {
		got, err := parseTime(in)
		if err != nil {
			return
		}
		if got.IsZero() || got.Year() > 9999 {
			return
		}
		// What is written for a filter is never later than what was read, and the same to seven digits.
		again, err := parseTime(odataTime(got))
		if err != nil || again.After(got) || got.Sub(again) >= 100*time.Nanosecond {
			t.Errorf("%q is %v, written for a filter and read again %v (%v)", in, got, again, err)
		}
	})
}

func TestEnumsAreReadInAnySpelling(t *testing.T) {
	for _, c := range []struct {
		enum     enum
		in, want string
	}{
		{enumIncidentStatus, "Active", "active"},
		{enumIncidentStatus, "INPROGRESS", "inProgress"},
		{enumIncidentStatus, "AwaitingAction", "awaitingAction"},
		{enumIncidentStatus, "Paused", "Paused"}, // nobody knows it: kept as it came
		{enumIncidentStatus, "", ""},
		{enumAlertStatus, "Active", "inProgress"},
		{enumSeverity, "UnSpecified", "unknown"},
		{enumSeverity, "High", "high"},
		{enumClassification, "informationalexpectedactivity", "informationalExpectedActivity"},
		{enumDetermination, "CompromisedUser", "compromisedAccount"},
		{enumDetermination, "CompromisedAccount", "compromisedAccount"},
		{enumDetermination, "InsufficientData", "notEnoughDataToValidate"},
		{enumDetermination, "NoEnoughDataToValidate", "notEnoughDataToValidate"},
		{enumDetermination, "ConfirmedUserActivity", "confirmedActivity"},
		{enumDetermination, "NotAvailable", "unknown"},
		{enumDetermination, "Clean", "notMalicious"},
		{enumDetermination, "Apt", "apt"},
		{enumDetermination, "LineOfBusinessApplication", "lineOfBusinessApplication"},
		{enumServiceSource, "MicrosoftCloudAppSecurity", "microsoftDefenderForCloudApps"},
		{enumDetectionSource, "MCAS", "cloudAppSecurity"},
		{enumDetectionSource, "OfficeATP", "microsoftDefenderForOffice365"},
	} {
		if got := c.enum.canonical(c.in); got != c.want {
			t.Errorf("%q is read as %q, want %q", c.in, got, c.want)
		}
	}
}

// Every spelling of another surface must lead to a member, or a typing error
// in the table would make values that no one expects.
func TestEnumTablesAreClosed(t *testing.T) {
	for _, e := range allEnums {
		members := strings.Fields(string(e))
		for n, m := range members {
			spelling, target, alias := strings.Cut(m, "=")
			if alias && !slices.Contains(members, target) {
				t.Errorf("%s leads to %q, which is no member", m, target)
			}
			if alias && strings.EqualFold(spelling, target) {
				t.Errorf("%s needs no entry: letter case does not matter", m)
			}
			for _, other := range members[:n] {
				if before, _, _ := strings.Cut(other, "="); strings.EqualFold(before, spelling) {
					t.Errorf("%q is there twice", spelling)
				}
			}
		}
	}
}

func TestIncidentsThatCannotBeRead(t *testing.T) {
	for _, c := range []struct {
		name, surface, in, field string
	}{
		{"no object", "graph", `[1]`, "value[0]"},
		{"null", "graph", `null`, "value[0]"},
		{"no id", "graph", `{"displayName":"x"}`, "value[0].id"},
		{"empty id", "graph", `{"id":" "}`, "value[0].id"},
		{"id is an object", "xdr", `{"incidentId":{}}`, "value[0].incidentId"},
		{"id of the other surface", "xdr", `{"id":"1"}`, "value[0].incidentId"},
		{"update time is none", "graph", `{"id":"1","lastUpdateDateTime":"yesterday"}`, "value[0].lastUpdateDateTime"},
		{"update time is a number", "xdr", `{"incidentId":1,"lastUpdateTime":7}`, "value[0].lastUpdateTime"},
		{"creation time is none", "xdr", `{"incidentId":1,"createdTime":"2026"}`, "value[0].createdTime"},
		{"alert is a number", "xdr", `{"incidentId":1,"alerts":[7]}`, "value[0].alerts[0]"},
		{"alert without id", "graph", `{"id":"1","alerts":[{"id":"a"},{}]}`, "value[0].alerts[1].id"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := decodePage(Surface(c.surface), []byte(`{"value":[`+c.in+`]}`))
			var decode *DecodeError
			if !errors.As(err, &decode) || decode.Field != c.field || decode.Next() == "" {
				t.Errorf("error %v, want a DecodeError about %s", err, c.field)
			}
		})
	}
}

// A field of an unexpected type must neither stop the reading nor vanish.
func TestOddTypesAreKept(t *testing.T) {
	i, err := DecodeIncident(SurfaceGraph, []byte(`{
		"id": 7, "displayName": {"en":"x"}, "status": 3, "customTags": "one", "priorityScore": "87", "comments": [1, null, {"comment":"ok"}],
		"alerts": null, "assignedTo": null, "nothing": null}`))
	if err != nil {
		t.Fatal(err)
	}
	if i.ID != "7" || i.Status != "" || i.PriorityScore == nil || *i.PriorityScore != 87 || i.Name != "" || len(i.Comments) != 1 {
		t.Errorf("read as %+v", i)
	}
	if diff := cmp.Diff(raws("displayName", `{"en":"x"}`, "status", "3", "customTags", `"one"`, "nothing", "null"), i.Extra); diff != "" {
		t.Errorf("Extra, -want +got:\n%s", diff)
	}
}
