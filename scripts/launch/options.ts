import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { LaunchError } from './launch-error.ts';

export interface Options {
  /** The gateway's. */
  readonly port: number;
  /** Open to the local network, not just to this machine. */
  readonly lan: boolean;
  /** A checkpoint's folder. */
  readonly model: string;
  readonly data: string;
}

export const USAGE = `npm start -- [--port PORT] [--lan] [--model DIR] [--data DIR]

  --port   where the browser finds it (8080)
  --lan    open it to the local network, for phones; shows a QR code
  --model  the checkpoint's folder (models/nano)
  --data   where videos and secrets are kept (.data)
`;

/**
 * @param args the user's
 * @param root the project's folder, for the defaults
 * @param cwd where the user's relative paths start
 * @returns null where the user wants the usage
 * @throws LaunchError
 */
export function parseOptions(args: readonly string[], root: string, cwd: string): Options | null {
  const values = parse(args);
  if (values.help === true) return null;
  const port = Number(values.port ?? 8080);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new LaunchError(`--port takes a number from 1 to 65535, not “${String(values.port)}”.`);
  }
  return {
    port,
    lan: values.lan ?? false,
    model: values.model === undefined ? resolve(root, 'models/nano') : resolve(cwd, values.model),
    data: values.data === undefined ? resolve(root, '.data') : resolve(cwd, values.data),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        port: { type: 'string' },
        lan: { type: 'boolean' },
        model: { type: 'string' },
        data: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split('. ', 1)[0] : String(cause);
    throw new LaunchError(`${why}.\n\n${USAGE}`, { cause });
  }
}
