// Asks for a token with Azure's identity library for JavaScript and calls an
// API with it. Nothing in it knows of the sandbox.
import {
  AuthenticationError,
  AuthenticationRequiredError,
  ClientCertificateCredential,
  ClientSecretCredential,
  CredentialUnavailableError,
  WorkloadIdentityCredential,
} from "@azure/identity";
import { report } from "./call.mjs";

const env = process.env;
const typed = [AuthenticationError, AuthenticationRequiredError, CredentialUnavailableError];

function credential() {
  if (env.CERT_FILE) return new ClientCertificateCredential(env.TENANT, env.CLIENT_ID, env.CERT_FILE);
  if (env.ASSERTION_FILE) {
    return new WorkloadIdentityCredential({ tenantId: env.TENANT, clientId: env.CLIENT_ID, tokenFilePath: env.ASSERTION_FILE });
  }
  return new ClientSecretCredential(env.TENANT, env.CLIENT_ID, env.CLIENT_SECRET);
}

await report(
  async () => (await credential().getToken(env.SCOPE)).token,
  (error) => ({
    errorType: typed.some((type) => error instanceof type) ? error.name : "",
    error: error.message,
  }),
);
