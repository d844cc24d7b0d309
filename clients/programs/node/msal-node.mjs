// Asks for a token with Microsoft's MSAL for Node and calls an API with it.
// Nothing in it knows of the sandbox.
import { readFileSync } from "node:fs";
import { AuthError, ConfidentialClientApplication } from "@azure/msal-node";
import { report } from "./call.mjs";

const env = process.env;
const auth = { clientId: env.CLIENT_ID, authority: "https://login.microsoftonline.com/" + env.TENANT };
if (env.CERT_FILE) {
  auth.clientCertificate = { thumbprintSha256: env.CERT_SHA256, privateKey: readFileSync(env.KEY_FILE, "utf8") };
} else if (env.ASSERTION_FILE) {
  auth.clientAssertion = readFileSync(env.ASSERTION_FILE, "utf8");
} else {
  auth.clientSecret = env.CLIENT_SECRET;
}

await report(
  async () => {
    const app = new ConfidentialClientApplication({ auth });
    const result = await app.acquireTokenByClientCredential({ scopes: [env.SCOPE] });
    return result.accessToken;
  },
  (error) => ({
    errorType: error instanceof AuthError ? error.name : "",
    error: `${error.errorCode ?? ""} ${error.message}`,
  }),
);
