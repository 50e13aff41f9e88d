import { parseArgs } from 'node:util';
import type { LoraFile, ProviderChoice } from '@cinematica/svd';
import { systemOptions } from '../launch/options.ts';

export interface DoctorOptions {
  readonly model: string;
  readonly data: string;
  readonly port: number;
  readonly json: boolean;
  /** LoRAs that change the model. Default: those of the environment (LORA). */
  readonly loras?: readonly LoraFile[] | undefined;
  /** Default: EXECUTION_PROVIDER of the environment. */
  readonly provider: ProviderChoice | undefined;
}

export const USAGE = `npm run doctor -- [--model PATH] [--lora FILE[:STRENGTH]] [--data DIR] [--port PORT] [--provider NAME] [--json]

Shows what is on this machine, what prevents videos or makes them slow, and what to do about it. It ends with status 1 when
something prevents a video. In a new clone, it installs Node and the packages first, as every command does; apart from that, it
downloads nothing, and keeps only what it finds out about this machine's GPUs (.cache/providers).

  --model    a .safetensors file of SVD, or a folder in diffusers' layout (models/nano)
  --lora     a LoRA that changes the model; may be repeated (LORA)
  --data     the data folder of the system (.data)
  --port     where the browser would find it (8080)
  --provider what would compute: auto, cuda, tensorrt, webgpu, coreml or cpu (EXECUTION_PROVIDER; auto)
  --json     print the findings as JSON

EXECUTION_PROVIDER, LORA and NATS_URL count as for npm start.
`;

/** The arguments are wrong. */
export class DoctorUsageError extends Error {
  override readonly name = 'DoctorUsageError';
}

/**
 * @param root the project's folder, for the defaults
 * @param cwd where the user's relative paths start
 * @returns null when the user wants the usage
 * @throws DoctorUsageError, LaunchError
 */
export function parseDoctorOptions(args: readonly string[], root: string, cwd: string): DoctorOptions | null {
  const { help, port = '8080', json = false, ...values } = parse(args);
  if (help === true) return null;
  const number = Number(port);
  if (!Number.isInteger(number) || number < 1 || number > 65_535) {
    throw new DoctorUsageError(`--port takes a number from 1 to 65535, not “${port}”.`);
  }
  return {
    ...systemOptions(values, root, cwd),
    port: number,
    json,
  };
}

function parse(args: readonly string[]) {
  try {
    const text = { type: 'string' } as const;
    const options = {
      ...{ model: text, data: text, port: text, provider: text },
      lora: { type: 'string', multiple: true },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    } as const;
    return parseArgs({ args: [...args], options }).values;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split('. ', 1)[0] : String(cause);
    throw new DoctorUsageError(`${why}.\n\n${USAGE}`, { cause });
  }
}
