package defender_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/tenantry/tenantry/defender"
)

func bearer(context.Context, defender.Surface) (string, error) { return fakeToken, nil }

func ExampleIncidentService_All() {
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"value":[{"id":"924565","displayName":"Ransomware on one endpoint","severity":"High","status":"Active",
			"lastUpdateDateTime":"2026-11-22T09:30:00.1234567Z"}]}`)
	}))
	defer service.Close()
	client, err := defender.New(defender.Config{Graph: service.URL, HTTPClient: service.Client(), Token: bearer})
	if err != nil {
		fmt.Println(err)
		return
	}
	opts := defender.ListOptions{Since: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)}
	for incident, err := range client.Incidents(defender.SurfaceGraph).All(context.Background(), opts) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(incident.ID, incident.Severity, incident.Status, incident.Name)
	}
	// Output: 924565 high active Ransomware on one endpoint
}

func ExampleChooseSurface() {
	// An app registered as Microsoft's partner page says has one role.
	surface, reason, _ := defender.ChooseSurface(nil, []string{"Incident.Read.All"})
	fmt.Printf("%s: %s\n", surface, reason)

	_, _, err := defender.ChooseSurface(nil, []string{"Incidents.Read.All"})
	var missing *defender.NoRoleError
	if errors.As(err, &missing) {
		near := missing.NearMisses[0]
		fmt.Printf("%s is not %s: %s\n", near.Have, near.Want, near.Why)
	}
	// Output:
	// xdr: the Defender XDR token carries Incident.Read.All; the Microsoft Graph token carries no role that reads incidents
	// Incidents.Read.All is not Incident.Read.All: singular and plural differ
}

func ExampleError() {
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "30")
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = io.WriteString(w, `{"error":{"code":"TooManyRequests","message":"Quota exceeded.","target":"1"}}`)
	}))
	defer service.Close()
	client, err := defender.New(defender.Config{XDR: service.URL, HTTPClient: service.Client(), Token: bearer, Retries: -1})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = client.Incidents(defender.SurfaceXDR).Get(context.Background(), "924565")
	var refused *defender.Error
	if errors.As(err, &refused) {
		fmt.Println(refused.Action, refused.RetryAfter)
		fmt.Println(refused.Next())
	}
	// Output:
	// wait 30s
	// Ask again in 30s.
}
