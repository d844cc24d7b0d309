// Reads incidents with Microsoft's Graph client for JavaScript, page by page,
// then works on the first one: takes it, remarks on it, reads it again.
// Nothing in it knows of the sandbox.
import { ClientSecretCredential } from "@azure/identity";
import { Client, GraphError, PageIterator } from "@microsoft/microsoft-graph-client";
import { TokenCredentialAuthenticationProvider } from "@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials/index.js";

const env = process.env;
const credential = new ClientSecretCredential(env.TENANT, env.CLIENT_ID, env.CLIENT_SECRET);
const authProvider = new TokenCredentialAuthenticationProvider(credential, { scopes: ["https://graph.microsoft.com/.default"] });
const client = Client.initWithMiddleware({ authProvider });

const result = { ids: [], alerts: 0 };
try {
  const first = await client.api("/security/incidents").expand("alerts").top(20).get();
  await new PageIterator(client, first, (incident) => {
    result.ids.push(incident.id);
    result.alerts += incident.alerts.length;
    return true;
  }).iterate();

  const one = client.api(`/security/incidents/${result.ids[0]}`);
  await one.patch({ status: "inProgress", assignedTo: "analyst@partner.example", customTags: ["graph-client"] });
  await client.api(`/security/incidents/${result.ids[0]}/comments`).post({
    "@odata.type": "microsoft.graph.security.alertComment",
    comment: "Taken by the Graph client",
  });
  const after = await one.get();
  result.updated = { status: after.status, assignedTo: after.assignedTo, tags: after.customTags, comment: after.comments.at(-1)?.comment };

  // What must be refused, and in the client's own type.
  try {
    await client.api("/security/incidents").filter("noSuchProperty eq 'x'").get();
  } catch (error) {
    result.refused = error instanceof GraphError ? `GraphError ${error.statusCode} ${error.code}` : String(error);
  }
} catch (error) {
  result.error = error instanceof GraphError ? `GraphError ${error.statusCode} ${error.code}: ${error.message}` : String(error);
}
console.log(JSON.stringify(result));
