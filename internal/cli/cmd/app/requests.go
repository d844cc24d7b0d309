package app

import (
	"encoding/json"
	"time"

	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/entra/directory"
	"github.com/tenantry/tenantry/internal/cli/output"
	"github.com/tenantry/tenantry/internal/cli/register"
)

// request is one request of --dry-run. What only the answer to an earlier
// request tells stands in braces.
type request struct {
	Method string `json:"method"`
	URL    string `json:"url"`
	Body   any    `json:"body"`
}

func requests(p register.Plan) output.Result {
	in, err := p.Application(func(_ entra.ResourceKind, role string) (string, error) { return "{id of " + role + "}", nil })
	if err != nil {
		return output.Result{} // the lookup above does not fail
	}
	base := p.Cloud.Graph + "/v1.0"
	list := []request{
		{"POST", base + "/applications", registration(in)},
		{"POST", base + "/servicePrincipals", map[string]any{"appId": "{appId}"}},
		{"POST", base + "/applications/{id}/addPassword", map[string]any{
			"passwordCredential": map[string]any{"displayName": register.SecretName, "endDateTime": p.SecretEnds.Format(time.RFC3339)},
		}},
	}
	var rows [][]string
	for _, r := range list {
		body, err := json.Marshal(r.Body)
		if err != nil {
			body = []byte(err.Error())
		}
		rows = append(rows, []string{r.Method, r.URL, string(body)})
	}
	return output.Result{Doc: list, Columns: []string{"METHOD", "URL", "BODY"}, Rows: rows}
}

func registration(in directory.NewApplication) map[string]any {
	var required []any
	for _, r := range in.RequiredResources {
		var access []any
		for _, a := range r.Access {
			access = append(access, map[string]any{"id": a.ID, "type": a.Type})
		}
		required = append(required, map[string]any{"resourceAppId": r.ResourceAppID, "resourceAccess": access})
	}
	return map[string]any{
		"displayName": in.DisplayName, "signInAudience": in.SignInAudience,
		"web":                    map[string]any{"redirectUris": in.RedirectURIs},
		"requiredResourceAccess": required,
	}
}
