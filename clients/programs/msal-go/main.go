// Command msal-go asks for a token with Microsoft's MSAL for Go and calls an
// API with it. Nothing in it knows of the sandbox.
package main

import (
	"context"
	"errors"
	"os"

	msalerrors "github.com/AzureAD/microsoft-authentication-library-for-go/apps/errors"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"

	"github.com/tenantry/tenantry/clients/programs/report"
)

func main() {
	report.Run(func(ctx context.Context) (string, error) {
		cred, err := credential(ctx)
		if err != nil {
			return "", err
		}
		authority := "https://login.microsoftonline.com/" + os.Getenv("TENANT")
		client, err := confidential.New(authority, os.Getenv("CLIENT_ID"), cred)
		if err != nil {
			return "", err
		}
		result, err := client.AcquireTokenByCredential(ctx, []string{os.Getenv("SCOPE")})
		return result.AccessToken, err
	}, func(err error) (string, string) {
		var call msalerrors.CallErr
		if errors.As(err, &call) {
			return "errors.CallErr", msalerrors.Verbose(err)
		}
		return "", err.Error()
	})
}

func credential(context.Context) (confidential.Credential, error) {
	switch {
	case os.Getenv("CERT_FILE") != "":
		data, err := os.ReadFile(os.Getenv("CERT_FILE"))
		if err != nil {
			return confidential.Credential{}, err
		}
		certs, key, err := confidential.CertFromPEM(data, "")
		if err != nil {
			return confidential.Credential{}, err
		}
		return confidential.NewCredFromCert(certs, key)
	case os.Getenv("ASSERTION_FILE") != "":
		return confidential.NewCredFromAssertionCallback(func(context.Context, confidential.AssertionRequestOptions) (string, error) {
			data, err := os.ReadFile(os.Getenv("ASSERTION_FILE"))
			return string(data), err
		}), nil
	}
	return confidential.NewCredFromSecret(os.Getenv("CLIENT_SECRET"))
}
