import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

export interface DoctorOptions {
  readonly model: string;
  readonly data: string;
  readonly port: number;
  readonly json: boolean;
}

export const USAGE = `npm run doctor -- [--model DIR] [--data DIR] [--port PORT] [--json]

Shows what is on this machine, what prevents videos or makes them slow, and what to do about it. It changes and downloads
nothing, and ends with status 1 when something prevents a video.

  --model    the checkpoint's folder (models/nano)
  --data     the data folder of the system (.data)
  --port     where the browser would find it (8080)
  --json     print the findings as JSON

EXECUTION_PROVIDER and NATS_URL count as for npm start.
`;

/** The arguments are wrong. */
export class DoctorUsageError extends Error {
  override readonly name = 'DoctorUsageError';
}

/**
 * @param root the project's folder, for the defaults
 * @param cwd where the user's relative paths start
 * @returns null when the user wants the usage
 * @throws DoctorUsageError
 */
export function parseDoctorOptions(args: readonly string[], root: string, cwd: string): DoctorOptions | null {
  const { help, model, data, port = '8080', json = false } = parse(args);
  if (help === true) return null;
  const number = Number(port);
  if (!Number.isInteger(number) || number < 1 || number > 65_535) {
    throw new DoctorUsageError(`--port takes a number from 1 to 65535, not “${port}”.`);
  }
  return {
    model: model === undefined ? resolve(root, 'models/nano') : resolve(cwd, model),
    data: data === undefined ? resolve(root, '.data') : resolve(cwd, data),
    port: number,
    json,
  };
}

function parse(args: readonly string[]) {
  try {
    const text = { type: 'string' } as const;
    const options = {
      ...{ model: text, data: text, port: text },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    } as const;
    return parseArgs({ args: [...args], options }).values;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split('. ', 1)[0] : String(cause);
    throw new DoctorUsageError(`${why}.\n\n${USAGE}`, { cause });
  }
}
