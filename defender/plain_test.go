package defender

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"
)

// The types of this package without their methods, and the generated ones
// likewise in plain_gen_test.go, are what encoding/json reads by itself: what
// the decoder is compared with.

type plainIncident struct {
	ID               string         `json:"id"`
	TenantID         string         `json:"tenantId"`
	Name             string         `json:"displayName"`
	Description      string         `json:"description"`
	Summary          string         `json:"summary"`
	Status           Status         `json:"status"`
	Severity         Severity       `json:"severity"`
	Classification   Classification `json:"classification"`
	Determination    Determination  `json:"determination"`
	Created          time.Time      `json:"createdDateTime"`
	LastUpdate       time.Time      `json:"lastUpdateDateTime"`
	AssignedTo       string         `json:"assignedTo"`
	LastModifiedBy   string         `json:"lastModifiedBy"`
	ResolvingComment string         `json:"resolvingComment"`
	RedirectTo       string         `json:"redirectIncidentId"`
	WebURL           string         `json:"incidentWebUrl"`
	PriorityScore    *int           `json:"priorityScore"`
	DetectionSource  string         `json:"detectionSource"`
	Tags             []string       `json:"customTags"`
	SystemTags       []string       `json:"systemTags"`
	Comments         []plainComment `json:"comments"`
	Alerts           []plainAlert   `json:"alerts"`
}

type plainComment struct {
	Text    string    `json:"comment"`
	By      string    `json:"createdByDisplayName"`
	Created time.Time `json:"createdDateTime"`
}

type plainAlert struct {
	ID                 string                     `json:"id"`
	ProviderID         string                     `json:"providerAlertId"`
	IncidentID         string                     `json:"incidentId"`
	TenantID           string                     `json:"tenantId"`
	Title              string                     `json:"title"`
	Description        string                     `json:"description"`
	RecommendedActions string                     `json:"recommendedActions"`
	Category           string                     `json:"category"`
	Categories         []string                   `json:"categories"`
	ServiceSource      string                     `json:"serviceSource"`
	DetectionSource    string                     `json:"detectionSource"`
	DetectorID         string                     `json:"detectorId"`
	ProductName        string                     `json:"productName"`
	PolicyID           string                     `json:"alertPolicyId"`
	Severity           Severity                   `json:"severity"`
	Status             AlertStatus                `json:"status"`
	Classification     Classification             `json:"classification"`
	Determination      Determination              `json:"determination"`
	AssignedTo         string                     `json:"assignedTo"`
	Created            time.Time                  `json:"createdDateTime"`
	LastUpdate         time.Time                  `json:"lastUpdateDateTime"`
	FirstActivity      time.Time                  `json:"firstActivityDateTime"`
	LastActivity       time.Time                  `json:"lastActivityDateTime"`
	Resolved           time.Time                  `json:"resolvedDateTime"`
	InvestigationID    string                     `json:"investigationId"`
	InvestigationState string                     `json:"investigationState"`
	Actor              string                     `json:"actorDisplayName"`
	Threat             string                     `json:"threatDisplayName"`
	ThreatFamily       string                     `json:"threatFamilyName"`
	Techniques         []string                   `json:"mitreTechniques"`
	SystemTags         []string                   `json:"systemTags"`
	WebURL             string                     `json:"alertWebUrl"`
	IncidentWebURL     string                     `json:"incidentWebUrl"`
	Comments           []plainComment             `json:"comments"`
	Evidence           []plainEvidence            `json:"evidence"`
	AdditionalData     map[string]json.RawMessage `json:"additionalData"`
	CustomDetails      map[string]json.RawMessage `json:"customDetails"`
}

type plainEvidenceBase struct {
	Created            time.Time `json:"createdDateTime"`
	Verdict            string    `json:"verdict"`
	Remediation        string    `json:"remediationStatus"`
	RemediationDetails string    `json:"remediationStatusDetails"`
	Roles              []string  `json:"roles"`
	DetailedRoles      []string  `json:"detailedRoles"`
	Tags               []string  `json:"tags"`
}

type plainUnknownEvidence struct{ plainEvidenceBase }

// plainEvidence holds a pointer to one of the plain evidence types.
type plainEvidence struct{ value any }

func (e *plainEvidence) UnmarshalJSON(data []byte) error {
	var probe struct {
		Type string `json:"@odata.type"`
	}
	if err := json.Unmarshal(data, &probe); err != nil {
		return err
	}
	if e.value = newPlainEvidence(evidenceType(probe.Type)); e.value == nil {
		e.value = &plainUnknownEvidence{}
	}
	return json.Unmarshal(data, e.value)
}

// differences compares what this package read with what encoding/json read,
// field by field. Enum values may differ in spelling, and lists may lack nulls.
func differences(path string, ours, plain reflect.Value) []string {
	if ours.Kind() == reflect.Interface || plain.Type() == reflect.TypeFor[plainEvidence]() {
		held := plain.Interface().(plainEvidence).value
		if ours.IsNil() || held == nil {
			if ours.IsNil() && held == nil {
				return nil
			}
			return []string{path + ": one is nil"}
		}
		return differences(path, ours.Elem(), reflect.ValueOf(held))
	}
	switch ours.Kind() {
	case reflect.Pointer:
		if ours.IsNil() || plain.IsNil() {
			if ours.IsNil() && plain.IsNil() {
				return nil
			}
			return []string{path + ": one is nil"}
		}
		return differences(path, ours.Elem(), plain.Elem())
	case reflect.Struct:
		if at, ok := ours.Interface().(time.Time); ok {
			if !at.Equal(plain.Interface().(time.Time)) {
				return []string{fmt.Sprintf("%s: %v, with encoding/json %v", path, at, plain)}
			}
			return nil
		}
		var out []string
		for i := range plain.NumField() {
			f := plain.Type().Field(i)
			name := strings.TrimPrefix(f.Name, "plain")
			out = append(out, differences(path+"."+name, ours.FieldByName(name), plain.Field(i))...)
		}
		return out
	case reflect.Slice:
		if ours.Type() == reflect.TypeFor[json.RawMessage]() {
			return unequal(path, string(ours.Bytes()), string(plain.Bytes()))
		}
		if ours.Len() != plain.Len() {
			return []string{fmt.Sprintf("%s: %d elements, with encoding/json %d", path, ours.Len(), plain.Len())}
		}
		var out []string
		for i := range ours.Len() {
			out = append(out, differences(fmt.Sprintf("%s[%d]", path, i), ours.Index(i), plain.Index(i))...)
		}
		return out
	case reflect.Map:
		if ours.Len() != plain.Len() {
			return []string{fmt.Sprintf("%s: %d entries, with encoding/json %d", path, ours.Len(), plain.Len())}
		}
		var out []string
		for _, key := range plain.MapKeys() {
			if v := ours.MapIndex(key); v.IsValid() {
				out = append(out, differences(path+"."+key.String(), v, plain.MapIndex(key))...)
			} else {
				out = append(out, path+": lacks "+key.String())
			}
		}
		return out
	case reflect.String:
		return unequal(path, canonicalSomewhere(ours.String()), canonicalSomewhere(plain.String()))
	}
	return unequal(path, fmt.Sprint(ours), fmt.Sprint(plain))
}

func unequal(path, ours, plain string) []string {
	if ours == plain {
		return nil
	}
	return []string{fmt.Sprintf("%s: %q, with encoding/json %q", path, ours, plain)}
}

// canonicalSomewhere evens out the spelling of enum values: all spellings of
// the members of one meaning lead to one word.
func canonicalSomewhere(s string) string {
	if word, ok := spellings()[strings.ToLower(s)]; ok {
		return word
	}
	return s
}

var spellings = sync.OnceValue(func() map[string]string {
	words := map[string]string{}
	for _, aliases := range []bool{false, true} { // an alias, where it is also a member elsewhere, wins
		for _, e := range allEnums {
			for member := range strings.FieldsSeq(string(e)) {
				if spelling, target, alias := strings.Cut(member, "="); alias && aliases {
					words[strings.ToLower(spelling)] = strings.ToLower(target)
				} else if !alias && !aliases {
					words[strings.ToLower(spelling)] = strings.ToLower(spelling)
				}
			}
		}
	}
	return words
})

func readPlainIncident(data []byte) (*plainIncident, error) {
	var i plainIncident
	err := json.Unmarshal(data, &i)
	return &i, err
}
