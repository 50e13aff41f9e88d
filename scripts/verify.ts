/** `npm run verify -- FILE`: tells whether this installation made a video or a picture. */
import { createMediaVerifier, createPhotoSanitizer, isMadeHere, MediaError } from '@cinematica/gateway/media-verifier';
import { readRoots } from '@cinematica/credentials/roots';
import type { TrustedRoots } from '@cinematica/credentials/roots';
import { readMarkKeys } from '@cinematica/provenance';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { readSecrets } from './launch/secrets.ts';
import { describeFindings } from './verify/describe-findings.ts';

const USAGE = `usage: npm run verify -- FILE [--data DIR]

Tells whether this installation made the video or picture FILE (MP4, MOV, WebM, JPEG, PNG, WebP, AVIF, HEIC): by the invisible mark,
which is found also after it was made smaller, cropped or encoded again, and by its content credentials. The file stays on this machine.
It may have up to 500 MB, a picture 12 MB.

  --data DIR   the data folder of the system on this machine, which has the keys of its marks (.data)
  --help

The keys are those of MARK_KEYS, and the roots of this installation those of the file CREDENTIALS_ROOTS, if they are set. Files with
the roots of other signers, and of time stamp authorities: CREDENTIALS_TRUSTED_ROOTS, TIMESTAMP_ROOTS.

Exit status: 0 when this installation made the file, 1 when nothing says so (also when another signer is trusted), 2 when the file,
the keys or the roots can't be read.`;

/** The largest file that is read, in bytes. It is larger than the API's limit, because the file is the user's own. */
const MAX_BYTES = 500e6;

const [FOUND, NOT_FOUND, UNREADABLE] = [0, 1, 2] as const;

/** The command cannot do its work; the message says why. */
class VerifyError extends Error {}

async function main(): Promise<number> {
  const { file, data } = readArguments();
  if (file === null) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const keys = await findKeys(data);
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new VerifyError(`${file} can’t be read: ${describe(cause)}`, { cause });
  });
  await using sanitizer = createPhotoSanitizer();
  const findings = await createMediaVerifier(
    { keys, roots: await findRoots(data), maxBytes: MAX_BYTES },
    sanitizer,
  ).verify(bytes, new AbortController().signal);
  process.stdout.write(`${describeFindings(findings).join('\n')}\n`);
  return isMadeHere(findings) ? FOUND : NOT_FOUND;
}

function readArguments(): { readonly file: string | null; readonly data: string } {
  const options = { data: { type: 'string' }, help: { type: 'boolean' } } as const;
  try {
    const { values, positionals } = parseArgs({ allowPositionals: true, options });
    const data = resolve(values.data ?? join(import.meta.dirname, '..', '.data'));
    if (values.help === true) return { file: null, data };
    const [file, ...others] = positionals;
    if (file === undefined || others.length > 0) throw new VerifyError('give one file (--help shows the options)');
    return { file, data };
  } catch (cause) {
    if (cause instanceof VerifyError) throw cause;
    throw new VerifyError(`${describe(cause)} (--help shows the options)`, { cause });
  }
}

/** The root of this installation's content credentials, and those of others whom the operator trusts. */
async function findRoots(data: string): Promise<TrustedRoots> {
  const { CREDENTIALS_ROOTS, CREDENTIALS_TRUSTED_ROOTS, TIMESTAMP_ROOTS } = process.env;
  const own = join(data, 'credentials', 'root.pem');
  try {
    return await readRoots({
      CREDENTIALS_ROOTS: CREDENTIALS_ROOTS ?? (existsSync(own) ? own : undefined),
      CREDENTIALS_TRUSTED_ROOTS,
      TIMESTAMP_ROOTS,
    });
  } catch (cause) {
    throw new VerifyError(describe(cause), { cause });
  }
}

async function findKeys(data: string): Promise<readonly Uint8Array[]> {
  try {
    const { MARK_KEYS } = process.env;
    if (MARK_KEYS !== undefined && MARK_KEYS !== '') return readMarkKeys(MARK_KEYS);
    const keys = (await readSecrets(join(data, 'secrets.json')))?.markKeys;
    if (keys) return readMarkKeys(keys.join(','));
  } catch (cause) {
    throw new VerifyError(describe(cause), { cause });
  }
  throw new VerifyError(
    `${data} has no keys of marks: no system ran there yet. Name its folder with --data, or set MARK_KEYS.`,
  );
}

const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error));

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof VerifyError || error instanceof MediaError)) console.error(error);
  else process.stderr.write(`verify: ${error.message}\n`);
  process.exitCode = UNREADABLE;
}
