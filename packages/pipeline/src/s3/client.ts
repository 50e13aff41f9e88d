import { S3Client } from '@aws-sdk/client-s3';
import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { fromIni } from '@aws-sdk/credential-provider-ini';
import { readFile } from 'node:fs/promises';
import { rootCertificates } from 'node:tls';
import type { S3Settings } from '../domain/s3-settings.ts';

/** The most connections at a time. Further requests wait. */
const MAX_CONNECTIONS = 50;
/** How long a connection may take. Milliseconds. */
const CONNECT_MS = 3_000;
/** How often a file with credentials is read again. Milliseconds. */
const REREAD_MS = 60_000;
/** The client fetches new credentials this long before the old ones expire. Milliseconds. */
const REFRESH_AHEAD_MS = 300_000;

/**
 * Creates the client of an S3-compatible store. It makes each request once: `S3Store.request` repeats requests and limits their
 * time, with their bodies.
 * @throws Error that names S3_CA_FILE when the file cannot be read, or the key that lacks its other half.
 */
export async function createS3Client(settings: S3Settings): Promise<S3Client> {
  const { S3_ENDPOINT, S3_REGION, S3_PATH_STYLE, S3_CA_FILE } = settings;
  const credentials = credentialsOf(settings);
  const agent = { keepAlive: true, maxSockets: MAX_CONNECTIONS };
  const ca = S3_CA_FILE === undefined ? undefined : [...rootCertificates, await readAuthorities(S3_CA_FILE)];
  return new S3Client({
    region: S3_REGION,
    forcePathStyle: S3_PATH_STYLE,
    maxAttempts: 1,
    // Bodies are signed with their digest, and artifacts are checked with theirs. Many stores lack the newer checksums.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      httpAgent: agent,
      httpsAgent: { ...agent, ...(ca && { ca }) },
    },
    ...(S3_ENDPOINT !== undefined && { endpoint: S3_ENDPOINT }),
    ...(credentials && { credentials }),
  });
}

/** @returns undefined when the client itself finds the identity of the workload or machine. */
function credentialsOf(settings: S3Settings): S3ClientConfig['credentials'] {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN } = settings;
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined)) {
    throw new Error('AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must be set together, or neither of them');
  }
  if (accessKeyId !== undefined && secretAccessKey !== undefined) {
    return {
      accessKeyId,
      secretAccessKey,
      ...(AWS_SESSION_TOKEN !== undefined && { sessionToken: AWS_SESSION_TOKEN }),
    };
  }
  const { AWS_SHARED_CREDENTIALS_FILE: filepath, AWS_PROFILE: profile = 'default' } = settings;
  return filepath === undefined ? undefined : credentialsFromFile(filepath, profile);
}

/** Credentials from a file, which is read again at intervals, so that they can be replaced without a restart. */
function credentialsFromFile(filepath: string, profile: string): NonNullable<S3ClientConfig['credentials']> {
  const read = fromIni({ filepath, profile, ignoreCache: true });
  return async () => {
    const credentials = await read();
    const expiration = credentials.expiration ?? new Date(Date.now() + REREAD_MS + REFRESH_AHEAD_MS);
    return { ...credentials, expiration };
  };
}

async function readAuthorities(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new Error(`S3_CA_FILE: ${(cause as Error).message}`, { cause });
  }
}
