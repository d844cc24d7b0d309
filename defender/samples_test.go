package defender

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"testing"
)

// A published connector lists the fields that Graph's answers were seen to
// carry. Each of an incident's and an alert's must be one that is read.
func TestFieldsSeenByOthersAreKnown(t *testing.T) {
	seen := map[string][]string{ // the least, so that the test checks something everywhere
		"list_incidents": {"id", "assignedTo", "lastModifiedBy", "resolvingComment", "summary", "tenantId", "redirectIncidentId", "incidentWebUrl"},
		"list_alerts":    {"id", "actorDisplayName", "alertPolicyId", "productName", "providerAlertId", "threatDisplayName", "threatFamilyName"},
	}
	if dir, ok := samples(t); ok {
		var connector struct {
			Actions []struct {
				Identifier string
				Output     []struct {
					Path string `json:"data_path"`
				}
			}
		}
		if err := json.Unmarshal(mustRead(t, filepath.Join(dir, "splunk-soar", "microsoft365defender.json")), &connector); err != nil {
			t.Fatal(err)
		}
		field := regexp.MustCompile(`^action_result\.data\.\*\.([A-Za-z]+)$`)
		for _, a := range connector.Actions {
			if _, wanted := seen[a.Identifier]; !wanted {
				continue
			}
			for _, o := range a.Output {
				if m := field.FindStringSubmatch(o.Path); m != nil {
					seen[a.Identifier] = append(seen[a.Identifier], m[1])
				}
			}
		}
	} else {
		t.Log("There is no folder shared/samples beside the repository, so that only a few fields written down here are tried.")
	}
	times := regexp.MustCompile(`DateTime$`)
	for action, fields := range seen {
		object := map[string]string{}
		for _, f := range fields {
			object[f] = "7"
			if times.MatchString(f) {
				object[f] = "2026-11-20T12:07:21.7266667Z"
			}
		}
		delete(object, "additionalData") // an object, not a string
		raw, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		if action == "list_alerts" {
			raw = []byte(`{"id":"1","alerts":[` + string(raw) + `]}`)
		}
		i, err := DecodeIncident(SurfaceGraph, raw)
		if err != nil {
			t.Fatal(err)
		}
		extra := i.Extra
		if action == "list_alerts" {
			extra = i.Alerts[0].Extra
		}
		if len(extra) > 0 {
			t.Errorf("%s: of %d fields these are not read: %v", action, len(object), extra)
		}
	}
}
