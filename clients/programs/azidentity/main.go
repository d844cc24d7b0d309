// Command azidentity asks for a token with Azure's identity library for Go
// and calls an API with it. Nothing in it knows of the sandbox.
package main

import (
	"context"
	"errors"
	"os"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/tenantry/tenantry/clients/programs/report"
)

func main() {
	report.Run(func(ctx context.Context) (string, error) {
		cred, err := credential()
		if err != nil {
			return "", err
		}
		token, err := cred.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{os.Getenv("SCOPE")}})
		return token.Token, err
	}, func(err error) (string, string) {
		var failed *azidentity.AuthenticationFailedError
		if errors.As(err, &failed) {
			return "azidentity.AuthenticationFailedError", err.Error()
		}
		return "", err.Error()
	})
}

func credential() (azcore.TokenCredential, error) {
	tenant, app := os.Getenv("TENANT"), os.Getenv("CLIENT_ID")
	switch {
	case os.Getenv("CERT_FILE") != "":
		data, err := os.ReadFile(os.Getenv("CERT_FILE"))
		if err != nil {
			return nil, err
		}
		certs, key, err := azidentity.ParseCertificates(data, nil)
		if err != nil {
			return nil, err
		}
		return azidentity.NewClientCertificateCredential(tenant, app, certs, key, nil)
	case os.Getenv("ASSERTION_FILE") != "":
		return azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
			TenantID: tenant, ClientID: app, TokenFilePath: os.Getenv("ASSERTION_FILE"),
		})
	}
	return azidentity.NewClientSecretCredential(tenant, app, os.Getenv("CLIENT_SECRET"), nil)
}
