// Asks for a token with openid-client, a certified OpenID client that is not
// Microsoft's, and calls an API with it. Nothing in it knows of the sandbox.
import { readFileSync } from "node:fs";
import { createPrivateKey } from "node:crypto";
import * as client from "openid-client";
import { report } from "./call.mjs";

const env = process.env;

async function authentication() {
  if (!env.CERT_FILE) return client.ClientSecretPost(env.CLIENT_SECRET);
  const pkcs8 = createPrivateKey(readFileSync(env.KEY_FILE)).export({ type: "pkcs8", format: "der" });
  const key = await crypto.subtle.importKey("pkcs8", pkcs8, { name: "RSA-PSS", hash: "SHA-256" }, false, ["sign"]);
  return client.PrivateKeyJwt(key, {
    [client.modifyAssertion](header) {
      header["x5t#S256"] = Buffer.from(env.CERT_SHA256, "hex").toString("base64url");
    },
  });
}

await report(
  async () => {
    const issuer = new URL(`https://login.microsoftonline.com/${env.TENANT}/v2.0`);
    const config = await client.discovery(issuer, env.CLIENT_ID, undefined, await authentication());
    const answer = await client.clientCredentialsGrant(config, { scope: env.SCOPE });
    return answer.access_token;
  },
  (error) => ({
    errorType: error instanceof client.ResponseBodyError || error instanceof client.ClientError ? error.name : "",
    error: `${error.error ?? error.code ?? ""} ${error.error_description ?? ""} ${error.message} ${error.cause?.status ?? ""}`,
  }),
);
