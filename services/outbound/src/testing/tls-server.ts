/** A real HTTPS server for tests, and a client that takes its address for a public one. */
import { pipelineSettings } from '@cinematica/pipeline';
import type { OutboundRules } from '@cinematica/pipeline';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createGuardedHttp } from '../http/guarded-http.ts';
import type { GuardedHttp } from '../http/guarded-http.ts';
import type { ResolvedAddress } from '../http/resolve.ts';

const pem = (name: string): string => readFileSync(join(import.meta.dirname, 'fixtures', `${name}.pem`), 'utf8');

/**
 * The certificate of the authority that has signed the server's. It and the server's key are in `fixtures`, made once with
 * `openssl` and valid for a hundred years. The server's names are `server.test`, `other.test` and `localhost`.
 */
export const TEST_CA = pem('ca');
export const TEST_CA_FILE = join(import.meta.dirname, 'fixtures/ca.pem');

/** What the tests' public internet consists of. Every other address is judged by the real rules. */
const PUBLIC = '127.0.0.1';

export interface TlsServer extends AsyncDisposable {
  readonly port: number;
  /** How many TCP connections it has received. */
  readonly connections: number;
}

/** Starts a server at 127.0.0.1. */
export async function startTlsServer(listener: RequestListener): Promise<TlsServer> {
  const server = createServer({ key: pem('server.key'), cert: pem('server') }, listener);
  let connections = 0;
  server.on('connection', () => connections++);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

export interface TestClient {
  readonly http: GuardedHttp;
  readonly rules: OutboundRules;
  /** The names that were resolved, in order. */
  readonly resolved: readonly string[];
}

/**
 * Creates a client that may connect to the ports of these servers.
 * @param answer the addresses of a name; by default the tests' public address.
 */
export function createTestClient(
  servers: readonly TlsServer[],
  answer: (name: string, query: number) => readonly string[] = () => [PUBLIC],
): TestClient {
  const rules = pipelineSettings({ OUTBOUND_PORTS: [443, ...servers.map(({ port }) => port)] });
  const resolved: string[] = [];
  const http = createGuardedHttp({
    rules,
    ca: TEST_CA,
    isAllowed: (address) => address === PUBLIC,
    resolve(name) {
      resolved.push(name);
      const addresses = answer(name, resolved.length);
      if (addresses.length === 0) return Promise.reject(new Error('ENOTFOUND'));
      return Promise.resolve(
        addresses.map((address): ResolvedAddress => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
    },
  });
  return { http, rules, resolved };
}
