package defender_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/defender"
)

// Records with every property of Microsoft's pages, an unknown one, and a known
// one of another JSON type.
const (
	fullMachine = `{"id":"1e5bc9d7e413ddd7902c2932e418702b84d0cc07","computerDnsName":"mymachine1.contoso.com","firstSeen":"2018-08-02T14:55:03.7791856Z",
		"lastSeen":"2021-01-25T07:27:36.052313Z","osPlatform":"Windows10","version":"1901","osProcessor":"x64","osBuild":19042,"osArchitecture":"64-bit",
		"lastIpAddress":"10.166.113.46","lastExternalIpAddress":"167.220.203.175",
		"ipAddresses":[{"ipAddress":"10.166.113.47","macAddress":"8CEC4B897E73","operationalStatus":"Up"}],
		"healthStatus":"Active","onboardingStatus":"onboarded","riskScore":"Low","exposureLevel":"Medium","deviceValue":"Normal",
		"rbacGroupId":140,"rbacGroupName":"The-A-Team","aadDeviceId":"80fe8ff8-2624-418e-9591-41f0491218f9","isAadJoined":true,
		"machineTags":["test tag 1","test tag 2"],"managedBy":"Intune","vmMetadata":{"vmId":"x"}}`
	fullAction = `{"id":"5382f7ea-7557-4ab7-9782-d50480024a4e","type":"Isolate","title":"t","scope":"Selective","status":"Succeeded",
		"machineId":"7b1f4967d9728e5aa3c06a9e617a22a4a5a17378","computerDnsName":"desktop-test","requestor":"Analyst@TestPrd.onmicrosoft.com",
		"requestorComment":"test for docs","requestSource":"Portal","externalID":"e1","creationDateTimeUtc":"2019-01-02T14:39:38.2262283Z",
		"lastUpdateDateTimeUtc":"2019-01-02T14:40:44.6596267Z","cancellationRequestor":"a","cancellationComment":"c",
		"cancellationDateTimeUtc":"2019-01-02T14:41:00Z","relatedFileInfo":{"fileIdentifier":"a0c6","fileIdentifierType":"Sha1"},"commands":["RunScript"],"errorHResult":0}`
	fullIndicator = `{"id":"994","indicatorValue":"881c0f10c75e64ec39d257a131fcd531f47dd2cff2070ae94baa347d375126fd","indicatorType":"FileSha256",
		"action":"AlertAndBlock","title":"Michael test","severity":"Informational","description":"test","recommendedActions":"nothing","application":"demo",
		"externalID":"x","educateUrl":"https://contoso.example/why","generateAlert":true,"rbacGroupNames":["team1"],"rbacGroupIds":["7"],
		"expirationTime":"2030-12-12T00:00:00Z","creationTimeDateTimeUtc":"2019-12-19T09:09:46.9139216Z","lastUpdateTime":"2019-12-19T09:09:47.3358111Z",
		"source":"user@contoso.onmicrosoft.com","sourceType":"User","createdBy":"45097602-1234-5678-1234-9f453233e62c","createdByDisplayName":"User","lastUpdatedBy":"u","lookBackPeriod":7}`
)

// bag is any JSON object.
func bag(t *testing.T, text []byte) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

// What is read is written again, with every property and the raw copy thrown away.
func TestEndpointRoundTrip(t *testing.T) {
	check := func(name, in string, v any, discard func()) {
		t.Helper()
		if err := json.Unmarshal([]byte(in), v); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		discard()
		out, err := json.Marshal(v)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(bag(t, []byte(in)), bag(t, out)); diff != "" {
			t.Errorf("%s: -read +written:\n%s", name, diff)
		}
	}
	var m defender.Machine
	check("machine", fullMachine, &m, func() { m.Raw = nil })
	var a defender.MachineAction
	check("action", fullAction, &a, func() { a.Raw = nil })
	var i defender.Indicator
	check("indicator", fullIndicator, &i, func() { i.Raw = nil })

	if m.OSBuild == nil || *m.OSBuild != 19042 || m.GroupID == nil || m.AADJoined == nil || len(m.Extra) != 2 || m.Risk != defender.MachineLow {
		t.Errorf("machine %+v", m)
	}
	if !a.Isolates() || a.Status.Open() || a.File == nil || len(a.Extra) != 2 || !a.Created.Equal(time.Date(2019, 1, 2, 14, 39, 38, 226228300, time.UTC)) {
		t.Errorf("action %+v", a)
	}
	if i.Action != defender.IndicatorAlertAndBlock || i.GenerateAlert == nil || len(i.Extra) != 1 {
		t.Errorf("indicator %+v", i)
	}
}

func TestEndpointTolerance(t *testing.T) {
	var m defender.Machine
	if err := json.Unmarshal([]byte(`{"@odata.context":"x","id":"m1","riskScore":5,"osBuild":"19042","rbacGroupId":null,"lastSeen":"yesterday","firstSeen":null,
		"machineTags":"one","healthStatus":"Sleeping","onboardingstatus":"onboarded","aadDeviceId":null}`), &m); err != nil {
		t.Fatal(err)
	}
	if m.OSBuild == nil || *m.OSBuild != 19042 || m.GroupID != nil || !m.LastSeen.IsZero() || m.Health != "Sleeping" || m.Onboarding != defender.MachineOnboarded {
		t.Errorf("%+v", m)
	}
	var kept []string
	for name := range m.Extra {
		kept = append(kept, name)
	}
	if len(m.Extra) != 3 || m.Extra["riskScore"] == nil || m.Extra["lastSeen"] == nil || m.Extra["machineTags"] == nil {
		t.Errorf("kept %v, want what could not be read: riskScore, lastSeen, machineTags", kept)
	}
	out, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if got := bag(t, out); got["riskScore"] != 5.0 || got["lastSeen"] != "yesterday" || got["machineTags"] != "one" {
		t.Errorf("written %s", out)
	}

	// The list's page spells the last update otherwise than the type's page.
	var a defender.MachineAction
	if err := json.Unmarshal([]byte(`{"id":7,"type":"isolate","status":"inprogress","lastUpdateTimeUtc":"2018-12-04T12:45:25.4049122Z","relatedFileInfo":null}`), &a); err != nil {
		t.Fatal(err)
	}
	if a.ID != "7" || a.Type != defender.ActionIsolate || a.Status != defender.ActionInProgress || a.LastUpdate.IsZero() || a.Extra != nil || !a.Status.Open() {
		t.Errorf("%+v", a)
	}

	for _, bad := range []string{`{}`, `{"id":""}`, `{"id":" "}`, `{"id":null}`, `{"id":{}}`, `[]`, `"x"`, `null`} {
		var (
			m defender.Machine
			a defender.MachineAction
			i defender.Indicator
		)
		for _, v := range []any{&m, &a, &i} {
			err := json.Unmarshal([]byte(bad), v)
			// encoding/json does not call UnmarshalJSON for a pointer's null; a value's it does.
			if e, ok := errors.AsType[*defender.DecodeError](err); !ok || e.Surface != defender.SurfaceMDE || e.Next() == "" {
				t.Errorf("%T of %s: error %v, want a DecodeError", v, bad, err)
			}
		}
	}
}

// Whatever comes, reading does not break, and what was read is written and read
// again as the same.
func FuzzDecodeEndpoint(f *testing.F) {
	for _, seed := range []string{fullMachine, fullAction, fullIndicator, `{"id":1,"ID":2,"osBuild":"x"}`, `{"id":"a","":null,"lastSeen":"0001-01-01T00:00:00Z"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		again(t, data, func(m *defender.Machine) { m.Raw = nil })
		again(t, data, func(a *defender.MachineAction) { a.Raw = nil })
		again(t, data, func(i *defender.Indicator) { i.Raw = nil })
	})
}

func again[T any](t *testing.T, data []byte, discard func(*T)) {
	t.Helper()
	var first, second T
	if json.Unmarshal(data, &first) != nil {
		return
	}
	discard(&first)
	out, err := json.Marshal(first)
	if err != nil {
		t.Fatalf("%T of %q cannot be written: %v", first, data, err)
	}
	if err := json.Unmarshal(out, &second); err != nil {
		t.Fatalf("%T of %q was written as %q and cannot be read: %v", first, data, out, err)
	}
	discard(&second)
	third, err := json.Marshal(second)
	if err != nil || string(third) != string(out) {
		t.Errorf("%T of %q: written as %q, then as %q (%v)", first, data, out, third, err)
	}
}
