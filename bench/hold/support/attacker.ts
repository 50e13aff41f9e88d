/**
 * Attacks a gateway until it is killed, in its own process. Arguments: the port, a seed, and the kinds of attack; without
 * kinds all of them. It says on stdout how many attacks of each kind it has made.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectHttp2, constants } from 'node:http2';
import { request } from 'node:http';
import { connect } from 'node:net';
import { setPriority } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { seededRandom } from '../../../test/support/seeded-random.ts';
import { bombs, polyglots } from './hostile-photos.ts';

const [, , portText = '', seedText = '1', ...only] = process.argv;
const port = Number(portText);
const random = seededRandom(Number(seedText));
const SERVICE = '/cinematica.v1.VideoService';
const METHODS = ['CreateVideo', 'GetVideo', 'WatchVideo', 'ListVideos', 'GetSharedVideo', 'GetCapabilities'];
const TYPES = ['application/json', 'application/proto', 'application/grpc-web+json', 'application/connect+json'];
const TOGETHER = 24;

const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)]!;
/** Attackers have several addresses, but none is the one of the legitimate client. */
const address = () => `127.0.0.${2 + Math.floor(random() * 8)}`;

// The attackers give way to the legitimate client, which runs on the same core.
setPriority(19);
process.on('uncaughtException', () => undefined);

const deep = new Uint8Array(gzipSync(`{"name":${'['.repeat(8e6)}${']'.repeat(8e6)}}`));
const wide = new Uint8Array(gzipSync(`{${'"a":{},'.repeat(2e6)}"b":1}`));
const zeros = new Uint8Array(gzipSync(Buffer.alloc(200_000_000)));
const large = new Uint8Array(16_900_000);
const files = [...(await bombs()), ...(await polyglots())].map(({ data }) => new Uint8Array(data));

/** Sends a request and reads the answer. */
async function post(path: string, headers: Record<string, string>, body: Uint8Array): Promise<void> {
  await new Promise<void>((resolve) => {
    const call = request({
      port,
      host: '127.0.0.1',
      localAddress: address(),
      method: 'POST',
      path,
      headers,
      timeout: 30_000,
    });
    call.on('response', (response) => response.on('error', () => undefined).resume());
    call
      .on('error', () => undefined)
      .on('timeout', () => call.destroy())
      .on('close', resolve);
    call.end(body);
  });
}

/** Opens a connection, sends a text, and keeps the connection for a while. */
async function hold(text: string, seconds: number, trickle = ''): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: address() });
  socket.on('error', () => undefined);
  socket.write(text);
  for (let second = 0; second < seconds && !socket.destroyed; second++) {
    await delay(1_000);
    if (trickle !== '') socket.write(trickle);
  }
  socket.destroy();
}

const head = (path: string, length: number, type = 'application/json') =>
  `POST ${path} HTTP/1.1\r\nHost: gateway\r\nContent-Type: ${type}\r\nContent-Length: ${length}\r\n\r\n`;

const bob = { authorization: 'Bearer key-of-bob' };
const method = () => `${SERVICE}/${pick(METHODS)}`;
const json = { 'content-type': 'application/json' };
const gzip = { 'content-encoding': 'gzip' };

const ATTACKS: Readonly<Record<string, () => Promise<void>>> = {
  'deep JSON, compressed': () => post(method(), { ...json, ...gzip }, pick([deep, wide])),
  'compressed zeros': () => post(method(), { 'content-type': 'application/proto', ...gzip }, zeros),
  'large bodies': () =>
    post(pick([method(), '/grpc.health.v1.Health/Check']), { 'content-type': 'application/proto' }, large),
  'lone surrogates': () => post(method(), { 'content-type': pick(TYPES) }, frame('"\\uDDaE"')),
  'random bytes': () => post(method(), { 'content-type': pick(TYPES) }, randomBytes(1 + Math.floor(random() * 5_000))),
  'hostile photos': () => {
    const image = Buffer.from(pick(files)).toString('base64');
    return post(`${SERVICE}/CreateVideo`, { ...json, ...bob }, Buffer.from(JSON.stringify({ image })));
  },
  'slow uploads': () => hold(`${head(`${SERVICE}/CreateVideo`, 16_900_000)}{"image":"`, 20, 'A'.repeat(2_600)),
  'slow headers': () => hold('GET /livez HTTP/1.1\r\nHost: gate', 20, 'w'),
  'idle connections': async () => {
    await Promise.all(Array.from({ length: 100 }, () => hold('GET /livez HTTP/1.1\r\nHost: gateway\r\n\r\n', 5)));
  },
  'stalled watches': () => hold(head(`${SERVICE}/WatchVideo`, 20, 'application/connect+json'), 10),
  'guessed links': async () => {
    for (let i = 0; i < 20; i++)
      await get(`/media/${randomBytes(16).toString('hex')}/mp4?sig=${randomBytes(8).toString('hex')}`);
  },
  'rapid resets': rapidResets,
};

function frame(text: string): Buffer {
  const envelope = Buffer.alloc(5);
  envelope.writeUInt32BE(text.length, 1);
  return Buffer.concat([envelope, Buffer.from(text)]);
}

async function get(path: string): Promise<void> {
  await new Promise<void>((resolve) => {
    const call = request({ port, host: '127.0.0.1', localAddress: address(), path, timeout: 10_000 });
    call.on('response', (response) => response.on('error', () => undefined).resume());
    call
      .on('error', () => undefined)
      .on('close', resolve)
      .end();
  });
}

async function rapidResets(): Promise<void> {
  const session = connectHttp2(`http://127.0.0.1:${port}`, {
    createConnection: () => connect({ port, host: '127.0.0.1', localAddress: address() }),
  });
  session.on('error', () => undefined);
  const closed = once(session, 'close').catch(() => undefined);
  for (let i = 0; i < 2_000 && !session.destroyed && !session.closed; i++) {
    try {
      const stream = session.request({ ':method': 'POST', ':path': `${SERVICE}/GetVideo` });
      stream.on('error', () => undefined);
      stream.close(constants.NGHTTP2_CANCEL);
    } catch {
      break;
    }
    if (i % 200 === 0) await delay(1);
  }
  session.close();
  await Promise.race([closed, delay(5_000)]);
  session.destroy();
}

const kinds = only.length > 0 ? only : Object.keys(ATTACKS);
const unknown = kinds.filter((kind) => !(kind in ATTACKS));
if (unknown.length > 0) {
  console.error(`There is no attack “${unknown.join('”, “')}”. There are: ${Object.keys(ATTACKS).join('; ')}.`);
  process.exit(2);
}
const counts: Record<string, number> = {};
async function attack(): Promise<never> {
  for (;;) {
    const name = pick(kinds);
    counts[name] = (counts[name] ?? 0) + 1;
    await ATTACKS[name]!();
    await delay(100 * random());
  }
}
setInterval(() => process.stdout.write(`${JSON.stringify(counts)}\n`), 1_000);
await Promise.all(Array.from({ length: TOGETHER }, attack));
