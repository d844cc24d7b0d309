package arm

import (
	"net/http"
	"strings"
)

// cloud is one entry of the metadata document, with the members that sign-in
// code reads: where to sign in, for which audiences, and the other endpoints.
type cloud struct {
	Name                     string            `json:"name"`
	Portal                   string            `json:"portal"`
	Authentication           authentication    `json:"authentication"`
	GraphAudience            string            `json:"graphAudience"`
	Graph                    string            `json:"graph"`
	MicrosoftGraphResourceID string            `json:"microsoftGraphResourceId"`
	ResourceManager          string            `json:"resourceManager"`
	LogAnalyticsResourceID   string            `json:"logAnalyticsResourceId"`
	ActiveDirectoryDataLake  string            `json:"activeDirectoryDataLake"`
	Suffixes                 map[string]string `json:"suffixes"`
}

type authentication struct {
	LoginEndpoint    string   `json:"loginEndpoint"`
	Audiences        []string `json:"audiences"`
	Tenant           string   `json:"tenant"`
	IdentityProvider string   `json:"identityProvider"`
}

func clouds() []cloud {
	return []cloud{
		{
			Name:   "AzureCloud",
			Portal: "https://portal.azure.com",
			Authentication: authentication{
				LoginEndpoint: "https://login.microsoftonline.com", Tenant: "common", IdentityProvider: "AAD",
				Audiences: []string{"https://management.core.windows.net/", "https://management.azure.com/"},
			},
			GraphAudience: "https://graph.windows.net/", Graph: "https://graph.windows.net/",
			MicrosoftGraphResourceID: "https://graph.microsoft.com/",
			ResourceManager:          "https://management.azure.com/",
			LogAnalyticsResourceID:   "https://api.loganalytics.io",
			ActiveDirectoryDataLake:  "https://datalake.azure.net/",
			Suffixes: map[string]string{
				"keyVaultDns": "vault.azure.net", "storage": "core.windows.net", "sqlServerHostname": "database.windows.net",
				"acrLoginServer": "azurecr.io",
			},
		},
		{
			Name:   "AzureUSGovernment",
			Portal: "https://portal.azure.us",
			Authentication: authentication{
				LoginEndpoint: "https://login.microsoftonline.us", Tenant: "common", IdentityProvider: "AAD",
				Audiences: []string{"https://management.core.usgovcloudapi.net", "https://management.usgovcloudapi.net"},
			},
			GraphAudience: "https://graph.windows.net", Graph: "https://graph.windows.net",
			MicrosoftGraphResourceID: "https://graph.microsoft.us/",
			ResourceManager:          "https://management.usgovcloudapi.net",
			LogAnalyticsResourceID:   "https://api.loganalytics.us",
			ActiveDirectoryDataLake:  "",
			Suffixes: map[string]string{
				"keyVaultDns": "vault.usgovcloudapi.net", "storage": "core.usgovcloudapi.net", "sqlServerHostname": "database.usgovcloudapi.net",
				"acrLoginServer": "azurecr.us",
			},
		},
	}
}

// firstObject is the api-version from which the document holds the cloud that
// was asked, alone; before it held a list of all clouds.
const firstObject = "2022-09-01"

// firstList is the api-version from which there was a list; before it the
// document was the short form that Azure Stack still answers.
const firstList = "2019-05-01"

// endpoints needs no token: clients ask it to learn where to sign in.
func (h *handler) endpoints(w http.ResponseWriter, r *http.Request) {
	all := clouds()
	here := all[0]
	if strings.HasSuffix(hostname(r.Host), ".usgovcloudapi.net") {
		here = all[1]
	}
	version := strings.ToLower(r.URL.Query().Get("api-version"))
	switch {
	case version == "latest" || version >= firstObject:
		answer(w, http.StatusOK, here)
	case version >= firstList:
		answer(w, http.StatusOK, all)
	default:
		answer(w, http.StatusOK, map[string]any{
			"galleryEndpoint": "https://gallery.azure.com/",
			"graphEndpoint":   here.Graph,
			"portalEndpoint":  here.Portal,
			"authentication": map[string]any{
				"loginEndpoint": here.Authentication.LoginEndpoint + "/",
				"audiences":     here.Authentication.Audiences,
			},
		})
	}
}

func hostname(hostport string) string {
	host, _, _ := strings.Cut(hostport, ":")
	return strings.TrimSuffix(strings.ToLower(host), ".")
}
