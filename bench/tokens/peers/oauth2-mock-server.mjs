// oauth2-mock-server with one RSA key of 2048 bits, over plain HTTP, which
// spares it the TLS that the sandbox speaks. Prints the token endpoint.
import { OAuth2Server } from 'oauth2-mock-server';

const server = new OAuth2Server();
await server.issuer.keys.generate('RS256');
await server.start(0, '127.0.0.1');
console.log(`http://127.0.0.1:${server.address().port}/token`);
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
