package main

import (
	"context"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/cache"
	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"

	"github.com/tenantry/tenantry/entra"
)

const (
	clientID     = "aaaaaaaa-1111-4222-8333-444444444444"
	clientSecret = "fak8Q~this-is-a-made-up-value-for-bench"
	// homeTenant is the application's own tenant, for which no token is ever
	// asked: a partner's customers are other tenants. (For its default tenant
	// MSAL Go has a short cut, which a partner's daemon seldom takes.)
	homeTenant = "f0000000-0000-4000-8000-00000000000f"

	ours = "Tenantry"
	msal = "MSAL Go"
	azid = "azidentity"
)

// client is a token library, brought to one call: a token for a tenant.
type client struct {
	name  string
	token func(ctx context.Context, tenant string) (string, error)
}

// maker makes a client with an empty cache on an HTTP client that may be warm.
type maker struct {
	name string
	make func(*http.Client) (client, error)
}

// makers are the three libraries. Each is told to spare its calls to the
// instance discovery service, which they only need for unknown clouds.
func (b *bench) makers() []maker {
	return []maker{
		{ours, func(hc *http.Client) (client, error) {
			_, c, err := b.newOurs(hc, nil)
			return c, err
		}},
		{msal, func(hc *http.Client) (client, error) { return b.newMSAL(hc, nil) }},
		{azid, b.newAzidentity},
	}
}

func (b *bench) newOurs(hc *http.Client, now func() time.Time) (*entra.Tokens, client, error) {
	cloud, err := entra.CustomCloud("bench", b.rig.Origin, b.rig.Origin, b.rig.Origin, b.rig.Origin)
	if err != nil {
		return nil, client{}, err
	}
	tokens, err := entra.NewTokens(entra.Config{
		Cloud: cloud, ClientID: clientID, Credential: entra.ClientSecret(entra.NewSecret(clientSecret)), HTTPClient: hc, Now: now,
	})
	if err != nil {
		return nil, client{}, err
	}
	resource := cloud.Resource(entra.ResourceDefender)
	return tokens, client{ours, func(ctx context.Context, tenant string) (string, error) {
		token, err := tokens.Token(ctx, entra.TenantID(tenant), resource)
		if err != nil {
			return "", err
		}
		return token.Reveal(), nil
	}}, nil
}

// newMSAL makes a confidential client; store may be nil, which keeps the cache
// in memory only.
func (b *bench) newMSAL(hc *http.Client, store cache.ExportReplace) (client, error) {
	cred, err := confidential.NewCredFromSecret(clientSecret)
	if err != nil {
		return client{}, err
	}
	options := []confidential.Option{confidential.WithInstanceDiscovery(false), confidential.WithHTTPClient(hc)}
	if store != nil {
		options = append(options, confidential.WithCache(store))
	}
	app, err := confidential.New(b.rig.Origin+"/"+homeTenant, clientID, cred, options...)
	if err != nil {
		return client{}, err
	}
	scopes := []string{"https://api.security.microsoft.com/.default"}
	return client{msal, func(ctx context.Context, tenant string) (string, error) {
		result, err := app.AcquireTokenByCredential(ctx, scopes, confidential.WithTenantID(tenant))
		return result.AccessToken, err
	}}, nil
}

func (b *bench) newAzidentity(hc *http.Client) (client, error) {
	cred, err := azidentity.NewClientSecretCredential(homeTenant, clientID, clientSecret, &azidentity.ClientSecretCredentialOptions{
		ClientOptions: azcore.ClientOptions{
			Cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: b.rig.Origin + "/"}, Transport: hc,
			// A request that times out is not to be sent again: the row about a
			// hanging service would count it three times.
			Retry: policy.RetryOptions{MaxRetries: -1},
		},
		AdditionallyAllowedTenants: []string{"*"},
		DisableInstanceDiscovery:   true,
	})
	if err != nil {
		return client{}, err
	}
	scopes := []string{"https://api.security.microsoft.com/.default"}
	return client{azid, func(ctx context.Context, tenant string) (string, error) {
		token, err := cred.GetToken(ctx, policy.TokenRequestOptions{Scopes: scopes, TenantID: tenant})
		return token.Token, err
	}}, nil
}
