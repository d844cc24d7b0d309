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

// Resolve an incident as it was shown to an analyst: what a colleague has done in
// the meantime is not overwritten.
func ExampleIncidentService_Update() {
	updated := "2026-11-22T09:30:00Z"
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPatch {
			body, _ := io.ReadAll(r.Body)
			fmt.Println("sent:", string(body))
			updated = "2026-11-22T10:00:00Z"
		}
		fmt.Fprintf(w, `{"id":"924565","status":"active","lastModifiedBy":"carl@contoso.example","lastUpdateDateTime":%q}`, updated)
	}))
	defer service.Close()
	client, err := defender.New(defender.Config{Graph: service.URL, HTTPClient: service.Client(), Token: bearer})
	if err != nil {
		fmt.Println(err)
		return
	}
	incidents := client.Incidents(defender.SurfaceGraph)
	update := defender.IncidentUpdate{Status: defender.StatusResolved, Classification: defender.ClassificationTruePositive, Determination: defender.DeterminationMalware}
	shown := defender.UpdateOptions{SeenAt: time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)}

	result, err := incidents.Update(context.Background(), "924565", update, shown)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range result.Changes {
		fmt.Printf("%s: %q -> %q\n", c.Field, c.Old, c.New)
	}

	// Somebody who still sees the incident of half past nine is told so.
	_, err = incidents.Update(context.Background(), "924565", defender.IncidentUpdate{Status: defender.StatusActive}, shown)
	var conflict *defender.ConflictError
	if errors.As(err, &conflict) {
		fmt.Println("changed at", conflict.Now.Format(time.TimeOnly), "by", conflict.By)
	}
	// Output:
	// sent: {"classification":"truePositive","determination":"malware","status":"resolved"}
	// status: "active" -> "resolved"
	// classification: "" -> "truePositive"
	// determination: "" -> "malware"
	// changed at 10:00:00 by carl@contoso.example
}

// All clients of one tenant share a budget, and a program can show why it waits.
func ExampleBudget() {
	budget := defender.NewBudget(defender.BudgetConfig{})
	client, err := defender.New(defender.Config{
		XDR: "https://api.security.microsoft.com", Token: bearer, Budget: budget,
		OnWait: func(w defender.Wait) { fmt.Printf("%s: waiting %s (%s)\n", w.Operation, w.For, w.Why) },
	})
	if err != nil || client == nil {
		fmt.Println(err)
		return
	}
	for _, l := range budget.Limits()[:2] {
		fmt.Println(l.Surface, l.Operations, l.Calls, "per", l.Per)
	}
	// Output:
	// xdr [list incidents] 50 per 1m0s
	// xdr [list incidents] 1500 per 1h0m0s
}
