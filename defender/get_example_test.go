package defender_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/tenantry/tenantry/defender"
)

// Read one incident by its id. On xdr its alerts come with it; on graph ask
// GetWithAlerts for them.
func ExampleIncidentService_Get() {
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/924565") {
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"error":{"code":"ResourceNotFound","message":"Incident was not found.","target":"1"}}`)
			return
		}
		_, _ = io.WriteString(w, `{"incidentId":924565,"incidentName":"Ransomware on one endpoint","severity":"High","status":"Active",
			"lastUpdateTime":"2026-11-22T09:30:00.1234567Z","alerts":[{"alertId":"da637","title":"Files were encrypted","severity":"High"}]}`)
	}))
	defer service.Close()
	client, err := defender.New(defender.Config{XDR: service.URL, HTTPClient: service.Client(), Token: bearer})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, id := range []string{"924565", "1"} {
		incident, err := client.Incidents(defender.SurfaceXDR).Get(context.Background(), id)
		var refused *defender.Error
		switch {
		case errors.As(err, &refused):
			fmt.Println(refused.Status, refused.Action)
		case err != nil:
			fmt.Println(err)
		default:
			fmt.Println(incident.Name, "with", len(incident.Alerts), "alert:", incident.Alerts[0].Title)
		}
	}
	// Output:
	// Ransomware on one endpoint with 1 alert: Files were encrypted
	// 404 give-up
}
