package respond_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/respond"
	"github.com/tenantry/tenantry/store/sqlite"
)

// endpoint stands for Defender for Endpoint: it isolates, and lists what it did.
func endpoint() *httptest.Server {
	done := ""
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			done = `{"id": "action-1", "type": "Isolate", "status": "Pending", "machineId": "` + machine + `",
				"requestor": "Partner SOC", "creationDateTimeUtc": "2026-11-22T09:00:00Z"}`
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, done)
			return
		}
		_, _ = io.WriteString(w, `{"value": [`+done+`]}`)
	}))
}

// Isolate a machine once: the second run finds that the first is under way.
func ExampleRunner_Isolate() {
	ctx, service := context.Background(), endpoint()
	defer service.Close()
	place, err := os.MkdirTemp("", "respond-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(place)
	state, err := sqlite.Open(ctx, filepath.Join(place, "state.db"), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer state.Close()
	client, err := defender.New(defender.Config{
		MDE: service.URL, HTTPClient: service.Client(),
		Token: func(context.Context, defender.Surface) (string, error) { return "a token for Contoso", nil },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	runner := &respond.Runner{Store: state, Actor: "ann"}
	plan := respond.Plan{Kind: respond.KindIsolate, Tenant: contoso, Target: machine, TargetName: "desktop-7", Comment: "incident 29"}

	action, result, err := runner.Isolate(ctx, client, plan, respond.IsolateOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(action.Status, result.Outcome, "audit record", result.AuditID)

	_, result, err = runner.Isolate(ctx, client, plan, respond.IsolateOptions{})
	var already *respond.AlreadyIsolatingError
	if errors.As(err, &already) {
		fmt.Println(result.Outcome, "because of", already.Action.ID, already.Action.Status)
		fmt.Println(already.Next())
	}
	// Output:
	// Pending done audit record 1
	// refused because of action-1 Pending
	// Wait until that action has ended, or cancel it; the machine's actions show how far it has come.
}
