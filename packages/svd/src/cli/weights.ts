/** `npm run weights -- NAME [--to DIR] [--accept-licence]`: downloads a published checkpoint. */
import { resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { PUBLISHED_CHECKPOINTS } from '../download/published-checkpoints.ts';
import type { PublishedCheckpoint } from '../download/published-checkpoints.ts';
import { downloadCheckpoint } from '../download/download-checkpoint.ts';
import { DownloadError } from '../download/download-error.ts';
import { createProgressLine } from '../download/progress-line.ts';

const NAME_WIDTH = 2 + Math.max(...PUBLISHED_CHECKPOINTS.map(({ name }) => name.length));

const USAGE = `usage: npm run weights -- NAME [--to DIR] [--accept-licence]

${PUBLISHED_CHECKPOINTS.map(({ name, title }) => `  ${name.padEnd(NAME_WIDTH)}${title}`).join('\n')}

  --to DIR                 target folder; default weights/NAME in the project, weights/svd-xt for draft,
                           and weights/animatelcm-svd-xt for taesd
  --accept-licence, --yes  accept the licences of the model without a question
  --help                   print this text

Environment: HF_TOKEN is the access token for a gated model. HF_ENDPOINT is the address of a mirror of the hub.`;

/** Invalid arguments. */
class UsageError extends Error {
  override readonly name = 'UsageError';
}

interface Arguments {
  readonly checkpoint: PublishedCheckpoint;
  readonly folder: string;
  readonly accepted: boolean;
}

/** Parses the arguments. Returns null for --help. */
function readArguments(args: string[]): Arguments | null {
  let parsed;
  try {
    parsed = parseArgs({
      args,
      allowPositionals: true,
      options: {
        to: { type: 'string' },
        yes: { type: 'boolean', short: 'y' },
        'accept-licence': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
  const { values, positionals } = parsed;
  if (values.help) return null;
  const [name, ...rest] = positionals;
  if (name === undefined) throw new UsageError('the name of a model is missing');
  if (rest.length > 0)
    throw new UsageError(`only one model can be downloaded at a time, but there is also ${rest.join(' ')}`);
  if (values.to === '') throw new UsageError('--to needs a folder');
  const checkpoint = PUBLISHED_CHECKPOINTS.find((known) => known.name === name);
  if (!checkpoint) throw new UsageError(`there is no model with the name ${name}`);
  const project = resolve(import.meta.dirname, '../../../..');
  return {
    checkpoint,
    folder: values.to === undefined ? resolve(project, 'weights', checkpoint.folder ?? name) : resolve(values.to),
    accepted: values.yes === true || values['accept-licence'] === true,
  };
}

/** Shows the licence and, without --accept-licence, asks for its acceptance. Returns whether it is accepted. */
async function acceptLicence({ checkpoint, accepted }: Arguments, signal: AbortSignal): Promise<boolean> {
  const { title, licences } = checkpoint;
  const lines = [
    title,
    ...licences.flatMap(({ name, url, summary }) => [
      `Licence: ${name}`,
      `  ${url}`,
      ...summary.map((line) => `  - ${line}`),
    ]),
  ];
  process.stderr.write(`${lines.join('\n')}\n\n`);
  if (accepted) return true;
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new DownloadError('the licence must be accepted: run this command in a terminal, or with --accept-licence');
  }
  using prompt = createInterface({ input: process.stdin, output: process.stderr });
  // Without this, Ctrl-C or Ctrl-D at the question would wait forever.
  const closed = new AbortController();
  prompt.once('close', () => closed.abort());
  const question = prompt.question(
    `Do you accept ${checkpoint.licences.length > 1 ? 'these licences' : 'this licence'}? [y/N] `,
    {
      signal: AbortSignal.any([signal, closed.signal]),
    },
  );
  const answer = await question.catch(() => '');
  return /^y(es)?$/i.test(answer.trim());
}

async function main(signal: AbortSignal): Promise<number> {
  const args = readArguments(process.argv.slice(2));
  if (!args) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  if (!(await acceptLicence(args, signal))) {
    process.stderr.write('The licence was not accepted. Nothing was downloaded.\n');
    return 1;
  }
  const { checkpoint, folder } = args;
  if (!checkpoint.files.some(({ sha256 }) => sha256)) {
    process.stderr.write(
      'The digests of this model are not built in. Its files are checked against the digests of the hub.\n',
    );
  }
  const line = createProgressLine(process.stderr);
  try {
    const endpoint = process.env.HF_ENDPOINT ?? 'https://huggingface.co';
    const token = process.env.HF_TOKEN?.trim();
    await downloadCheckpoint(
      checkpoint,
      { folder, endpoint, token },
      { note: line.note, progress: (path, done, total) => line.update(path, done, total, performance.now()) },
      signal,
    );
  } finally {
    line.end();
  }
  process.stdout.write(`${folder}\n`);
  return 0;
}

const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort());
process.once('SIGTERM', () => interrupted.abort());
try {
  process.exitCode = await main(interrupted.signal);
} catch (error) {
  if (interrupted.signal.aborted) {
    process.stderr.write('Stopped. Run the same command again to continue.\n');
    process.exitCode = 130;
  } else if (error instanceof UsageError) {
    process.stderr.write(`${error.message}\n${USAGE}\n`);
    process.exitCode = 2;
  } else if (error instanceof DownloadError || (error instanceof Error && 'syscall' in error)) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  } else {
    throw error;
  }
}
