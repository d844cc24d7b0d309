// oidc-provider with its adapter in memory, one client that may use the client
// credentials grant, and RS256 JWT access tokens signed with an RSA key of
// 2048 bits, over plain HTTP. Prints the token endpoint.
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const [clientID, clientSecret, resource] = process.argv.slice(2);
const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });
const provider = new Provider('http://127.0.0.1', {
  jwks: { keys: [{ ...key, use: 'sig', alg: 'RS256', kid: 'bench' }] },
  clients: [{
    client_id: clientID, client_secret: clientSecret, grant_types: ['client_credentials'],
    redirect_uris: [], response_types: [], token_endpoint_auth_method: 'client_secret_post',
  }],
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => resource,
      getResourceServerInfo: () => ({
        scope: 'incidents', audience: resource, accessTokenFormat: 'jwt', accessTokenTTL: 3599, jwt: { sign: { alg: 'RS256' } },
      }),
    },
  },
  ttl: { ClientCredentials: 3599 },
});
const server = createServer(provider.callback());
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/token`));
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
