import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** An NVIDIA GPU that the driver reports. */
export interface NvidiaDevice {
  readonly uuid: string;
  readonly name: string;
  /** Such as `580.95.05`. */
  readonly driver: string;
  /** Such as `8.9`. Null when the driver is too old to report it. */
  readonly computeCapability: string | null;
  /** Bytes. Null when the GPU shares the memory of the machine. */
  readonly memory: number | null;
  /** The bytes of `memory` that programs use now. */
  readonly memoryUsed: number | null;
}

/** nvidia-smi did not end in time. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
}

const FIELDS = ['uuid', 'name', 'driver_version', 'memory.total', 'memory.used', 'compute_cap'] as const;
const MIB = 2 ** 20;

/**
 * Asks nvidia-smi for the GPUs of this machine.
 * @param program its path, or its name
 * @param timeoutMs it starts the driver on GPUs at rest, which takes some seconds
 * @throws NoAnswerError in time also when the process cannot be killed, because it waits for a driver that hangs; the error of
 *   the process when it fails
 */
export async function queryNvidiaDevices(program = 'nvidia-smi', timeoutMs = 20_000): Promise<NvidiaDevice[]> {
  return query(program, FIELDS, timeoutMs).catch((error: unknown) => {
    // Only an old driver knows one field less.
    if (error instanceof NoAnswerError) throw error;
    return query(program, FIELDS.slice(0, -1), timeoutMs);
  });
}

async function query(program: string, fields: readonly string[], timeout: number): Promise<NvidiaDevice[]> {
  const args = [`--query-gpu=${fields.join(',')}`, '--format=csv,noheader,nounits'];
  const stdout = await run(program, args, timeout);
  const lines = stdout.split('\n').filter((line) => line.includes(','));
  return lines.map((line) => {
    const [uuid = '', name = '', driver = '', total = '', used = '', capability = ''] = line.split(/\s*,\s*/);
    return {
      uuid,
      name,
      driver,
      computeCapability: /^\d+\.\d+$/.test(capability.trim()) ? capability.trim() : null,
      memory: toBytes(total),
      memoryUsed: toBytes(used),
    };
  });
}

async function run(program: string, args: readonly string[], timeout: number): Promise<string> {
  const answer = promisify(execFile)(program, args);
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(new NoAnswerError('it does not answer'));
    answer.child.kill('SIGKILL');
    answer.child.stdout?.destroy();
    answer.child.stderr?.destroy();
    answer.child.unref();
  }, timeout);
  try {
    return (await Promise.race([answer, late.promise])).stdout;
  } finally {
    clearTimeout(timer);
  }
}

/** @returns null for a text such as `[N/A]` */
function toBytes(mebibytes: string): number | null {
  const value = Number.parseFloat(mebibytes);
  return Number.isNaN(value) ? null : value * MIB;
}
