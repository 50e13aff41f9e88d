import * as x509 from '@peculiar/x509';
import { SIGNING_PURPOSES } from './signing-identity.ts';
import type { SigningIdentity } from './signing-identity.ts';

/** Ed25519 signatures are deterministic, so a video that is made again has the same bytes. */
const ALGORITHM = { name: 'Ed25519' } as const;
const DAY_MS = 86_400_000;
const VALID_DAYS = 3650;

x509.cryptoProvider.set(crypto);

/** An identity and the root that vouches for it. */
export interface LocalAuthority extends SigningIdentity {
  /** The root's certificate as PEM, for those who check the credentials. Its key is not kept. */
  readonly root: string;
}

/**
 * Creates a root and a certificate for one installation. They are valid for ten years. Readers call credentials that are
 * signed with it valid and their signer unknown, unless they are given the root.
 * @param name of the installation, as readers show it.
 */
export async function createLocalAuthority(name: string, now = new Date()): Promise<LocalAuthority> {
  const valid = {
    notBefore: new Date(now.getTime() - DAY_MS),
    notAfter: new Date(now.getTime() + VALID_DAYS * DAY_MS),
    signingAlgorithm: ALGORITHM,
  };
  const rootKeys = await createKeys();
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    ...valid,
    name: distinguishedName(`${name} root`),
    keys: rootKeys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(rootKeys.publicKey),
    ],
  });
  const keys = await createKeys();
  const certificate = await x509.X509CertificateGenerator.create({
    ...valid,
    subject: distinguishedName(name),
    issuer: root.subjectName,
    publicKey: keys.publicKey,
    signingKey: rootKeys.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([...SIGNING_PURPOSES]),
      await x509.AuthorityKeyIdentifierExtension.create(root),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const pkcs8 = await crypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    root: `${root.toString('pem')}\n`,
    certificates: `${certificate.toString('pem')}\n`,
    privateKey: `${x509.PemConverter.encode(pkcs8, 'PRIVATE KEY')}\n`,
  };
}

async function createKeys() {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  if (!('publicKey' in keys)) throw new TypeError('Ed25519 has pairs of keys');
  return keys;
}

const distinguishedName = (name: string): x509.JsonName => [{ CN: [name] }, { O: ['Cinemática'] }];
