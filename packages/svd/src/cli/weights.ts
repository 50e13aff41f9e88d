/** `npm run weights -- NAME [--to DIR] [--accept-licence]`: fetches a published checkpoint. */
import { resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { CHECKPOINTS } from '../weights/checkpoints.ts';
import type { Checkpoint } from '../weights/checkpoints.ts';
import { fetchCheckpoint } from '../weights/fetch-checkpoint.ts';
import { FetchError } from '../weights/fetch-error.ts';
import { createProgressLine } from '../weights/progress-line.ts';

const USAGE = `usage: npm run weights -- NAME [--to DIR] [--accept-licence]

${CHECKPOINTS.map(({ name, title }) => `  ${name.padEnd(12)}${title}`).join('\n')}

  --to DIR              where to; weights/NAME in the project unless given
  --accept-licence, --yes  accept the model's licence without being asked

HF_TOKEN: access token for a gated model. HF_ENDPOINT: a mirror of the hub.`;

/** Wrong arguments. */
class UsageError extends Error {
  override readonly name = 'UsageError';
}

interface Arguments {
  readonly checkpoint: Checkpoint;
  readonly folder: string;
  readonly accepted: boolean;
}

/** Null where help is asked for. */
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
  if (name === undefined) throw new UsageError('which model?');
  if (rest.length > 0) throw new UsageError(`one model at a time, not also ${rest.join(' ')}`);
  if (values.to === '') throw new UsageError('--to needs a folder');
  const checkpoint = CHECKPOINTS.find((known) => known.name === name);
  if (!checkpoint) throw new UsageError(`no model is called ${name}`);
  const project = resolve(import.meta.dirname, '../../../..');
  return {
    checkpoint,
    folder: values.to === undefined ? resolve(project, 'weights', name) : resolve(values.to),
    accepted: values.yes === true || values['accept-licence'] === true,
  };
}

/** Shows the licence and asks for its acceptance where it has not been given; whether it is accepted. */
async function acceptLicence({ checkpoint, accepted }: Arguments, signal: AbortSignal): Promise<boolean> {
  const { title, licence } = checkpoint;
  const lines = [
    title,
    `Licence: ${licence.name}`,
    `  ${licence.url}`,
    ...licence.summary.map((line) => `  - ${line}`),
  ];
  process.stderr.write(`${lines.join('\n')}\n\n`);
  if (accepted) return true;
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new FetchError('the licence has to be accepted: run this in a terminal, or with --accept-licence');
  }
  using prompt = createInterface({ input: process.stdin, output: process.stderr });
  // Ctrl-C and Ctrl-D at the question would otherwise leave it unanswered for ever.
  const left = new AbortController();
  prompt.once('close', () => left.abort());
  const question = prompt.question('Do you accept this licence? [y/N] ', {
    signal: AbortSignal.any([signal, left.signal]),
  });
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
    process.stderr.write('Not accepted: nothing has been fetched.\n');
    return 1;
  }
  const { checkpoint, folder } = args;
  if (!checkpoint.files.some(({ sha256 }) => sha256)) {
    process.stderr.write("No digests are built in for this model: its files are checked against the hub's own.\n");
  }
  const line = createProgressLine(process.stderr);
  try {
    const endpoint = process.env.HF_ENDPOINT ?? 'https://huggingface.co';
    const token = process.env.HF_TOKEN?.trim();
    await fetchCheckpoint(
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
    process.stderr.write('Stopped. The same command continues where it was.\n');
    process.exitCode = 130;
  } else if (error instanceof UsageError) {
    process.stderr.write(`${error.message}\n${USAGE}\n`);
    process.exitCode = 2;
  } else if (error instanceof FetchError || (error instanceof Error && 'syscall' in error)) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  } else {
    throw error;
  }
}
