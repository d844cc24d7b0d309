// Written by the Tenantry sandbox and loaded by NODE_OPTIONS=--require.
//
// Before version 24 the fetch of Node.js, and https without an agent, do not
// look at HTTPS_PROXY. So connections to Microsoft's hosts on port 443 are led
// to the sandbox here, one level below: names are swapped when the socket
// connects, and TLS goes on checking the certificate for the name asked for.
// It never turns verification off.
'use strict';

const major = Number(process.versions.node.split('.')[0]);
const origin = process.env.TENANTRY_SANDBOX_ORIGIN;

if (major < 24 && origin) {
  const net = require('node:net');
  const hosts = new Set(/*HOSTS*/[]);
  const sandbox = new URL(origin);
  const target = { host: sandbox.hostname.replace(/^\[|\]$/g, ''), port: Number(sandbox.port || 443) };

  const isOurs = (host, port) =>
    typeof host === 'string' && Number(port) === 443 && hosts.has(host.toLowerCase().replace(/\.$/, ''));

  // A copy of connect's options that leads to the sandbox, or null.
  const redirected = (options) => {
    if (!options || typeof options !== 'object' || options.path || !isOurs(options.host, options.port)) return null;
    return { ...options, host: target.host, port: target.port, lookup: undefined };
  };

  const connect = net.Socket.prototype.connect;
  net.Socket.prototype.connect = function (...args) {
    const [first, second] = args;
    if (Array.isArray(first)) {
      // net.connect hands on its normalized arguments, marked by a symbol.
      const options = redirected(first[0]);
      if (options) {
        const copy = first.slice();
        for (const mark of Object.getOwnPropertySymbols(first)) copy[mark] = first[mark];
        copy[0] = options;
        args[0] = copy;
      }
    } else if (first && typeof first === 'object') {
      args[0] = redirected(first) || first;
    } else if (isOurs(second, first)) {
      args[0] = target.port;
      args[1] = target.host;
    }
    return connect.apply(this, args);
  };
}
