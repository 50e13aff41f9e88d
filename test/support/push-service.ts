/** A push service on the loopback, and the browser behind it: it decrypts messages as a browser does (RFC 8291). */
import { createDecipheriv, createECDH, createHmac, createPublicKey, randomBytes, verify } from 'node:crypto';
import type { ECDH } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A device with a subscription. */
export interface PushDevice {
  readonly endpoint: string;
  readonly p256dh: Uint8Array;
  readonly auth: Uint8Array;
  /** The texts of the messages that arrived for it, decrypted. */
  readonly received: readonly string[];
  /** The status that the push service answers with for this device. Default 201. */
  status: number;
}

export interface TestPushService extends AsyncDisposable {
  /** The origin of its endpoints. */
  readonly origin: string;
  /** Subscribes a new device. @param vapidKey the public key of the application server, whose messages it accepts */
  subscribe(vapidKey: Uint8Array): PushDevice;
}

export async function startPushService(): Promise<TestPushService> {
  const devices = new Map<string, { device: PushDevice; received: string[]; keys: ECDH; vapidKey: Uint8Array }>();
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const found = devices.get(request.url ?? '');
      if (!found) return response.writeHead(404).end();
      const { device, received, keys, vapidKey } = found;
      const isSigned = checkVapid(request.headers, vapidKey, origin);
      const encoding = request.headers['content-encoding'];
      if (!isSigned || encoding !== 'aes128gcm' || request.headers.ttl === undefined)
        return response.writeHead(400).end();
      if (device.status < 300) received.push(decrypt(Buffer.concat(chunks), keys, device.auth));
      return response.writeHead(device.status).end();
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    subscribe(vapidKey) {
      const path = `/push/${randomBytes(16).toString('base64url')}`;
      const keys = createECDH('prime256v1');
      const received: string[] = [];
      const p256dh = new Uint8Array(keys.generateKeys());
      const device: PushDevice = { endpoint: origin + path, p256dh, auth: randomBytes(16), received, status: 201 };
      devices.set(path, { device, received, keys, vapidKey });
      return device;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const hmac = (key: Uint8Array, ...parts: Uint8Array[]): Buffer =>
  createHmac('sha256', key).update(Buffer.concat(parts)).digest();

/** @see RFC 8291, section 3.4, and RFC 8188 */
function decrypt(body: Buffer, keys: ECDH, auth: Uint8Array): string {
  const salt = body.subarray(0, 16);
  const keyLength = body.readUInt8(20);
  const sender = body.subarray(21, 21 + keyLength);
  const content = body.subarray(21 + keyLength);
  const one = Buffer.of(1);
  const info = Buffer.concat([Buffer.from('WebPush: info\0'), keys.getPublicKey(), sender]);
  const input = hmac(hmac(auth, keys.computeSecret(sender)), info, one);
  const secret = hmac(salt, input);
  const key = hmac(secret, Buffer.from('Content-Encoding: aes128gcm\0'), one).subarray(0, 16);
  const nonce = hmac(secret, Buffer.from('Content-Encoding: nonce\0'), one).subarray(0, 12);
  const decipher = createDecipheriv('aes-128-gcm', key, nonce);
  decipher.setAuthTag(content.subarray(-16));
  const plain = Buffer.concat([decipher.update(content.subarray(0, -16)), decipher.final()]);
  // A byte 2 and zeros follow the text.
  return plain.subarray(0, plain.lastIndexOf(2)).toString();
}

/** Whether a message is signed with the key that the device subscribed for. @see RFC 8292 */
function checkVapid({ authorization = '' }: IncomingHttpHeaders, vapidKey: Uint8Array, origin: string): boolean {
  const [, token = '', key = ''] = /^vapid t=([^,]+), k=(.+)$/.exec(authorization) ?? [];
  if (!Buffer.from(key, 'base64url').equals(vapidKey)) return false;
  const [head = '', claims = '', signature = ''] = token.split('.');
  const [x, y] = [vapidKey.subarray(1, 33), vapidKey.subarray(33)].map((part) =>
    Buffer.from(part).toString('base64url'),
  );
  const publicKey = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x: x!, y: y! }, format: 'jwk' });
  const signed = Buffer.from(`${head}.${claims}`);
  const isValid = verify(
    'sha256',
    signed,
    { key: publicKey, dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  );
  const { aud, exp, sub } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as Record<string, unknown>;
  return isValid && aud === origin && Number(exp) > Date.now() / 1000 && typeof sub === 'string';
}
