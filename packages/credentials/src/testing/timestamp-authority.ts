/** A time stamp authority for tests: that of OpenSSL. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

export interface TestTimestampAuthority extends AsyncDisposable {
  /** The certificate of its root, PEM. */
  readonly root: string;
  /** Answers a TimeStampReq of RFC 3161, DER, with a TimeStampResp. */
  reply(request: Uint8Array): Promise<Uint8Array>;
}

const CONFIG = `
[req]
distinguished_name = name
[name]
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[stamps]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[authority]
serial = serial
crypto_device = builtin
signer_cert = stamps.pem
certs = root.pem
signer_key = stamps.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
`;

/** Creates the keys and certificates of an authority. @param name of its root. */
export async function createTestTimestampAuthority(name = 'Test clock'): Promise<TestTimestampAuthority> {
  const folder = await mkdtemp(join(tmpdir(), 'timestamp-authority-'));
  const openssl = (...args: string[]) => promisify(execFile)('openssl', args, { cwd: folder });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-config', 'config'];
  await writeFile(join(folder, 'config'), CONFIG);
  await writeFile(join(folder, 'serial'), '01\n');
  await openssl(
    'req',
    '-x509',
    ...key,
    '-keyout',
    'root.key',
    '-out',
    'root.pem',
    '-subj',
    `/CN=${name} root`,
    '-extensions',
    'root',
    '-days',
    '30',
  );
  await openssl('req', ...key, '-keyout', 'stamps.key', '-out', 'stamps.csr', '-subj', `/CN=${name}`);
  const issuer = ['-CA', 'root.pem', '-CAkey', 'root.key', '-CAcreateserial', '-days', '30'];
  await openssl(
    'x509',
    '-req',
    '-in',
    'stamps.csr',
    ...issuer,
    '-extfile',
    'config',
    '-extensions',
    'stamps',
    '-out',
    'stamps.pem',
  );
  // The certificates are valid from this second on, and a time stamp has to be of a later one.
  await delay(1_100);
  let requests = 0;
  return {
    root: await readFile(join(folder, 'root.pem'), 'utf8'),
    async reply(request) {
      const file = `request-${requests++}`;
      await writeFile(join(folder, file), request);
      await openssl(
        'ts',
        '-reply',
        '-config',
        'config',
        '-section',
        'authority',
        '-queryfile',
        file,
        '-out',
        `${file}.tsr`,
      );
      return readFile(join(folder, `${file}.tsr`));
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}
