import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** The use of a device since the last call, measured by `nvidia-smi`. */
export interface DeviceUse {
  readonly name: string;
  readonly driver: string;
  /** Total memory, and peak memory of all processes, in bytes. */
  readonly memoryTotal: number;
  readonly peakMemory: number;
  /** Mean power in watts and mean clock in MHz while the device was busy. */
  readonly watts: number;
  readonly clock: number;
}

export interface DeviceWatch extends Disposable {
  /** Returns the use since the last call, or null without `nvidia-smi`. */
  take(): DeviceUse | null;
}

const FIELDS = 'name,driver_version,memory.total,memory.used,power.draw,clocks.sm,utilization.gpu';
const MIB = 2 ** 20;

/**
 * Samples an NVIDIA device ten times per second.
 *
 * @param id its UUID, or its number in nvidia-smi
 */
export function watchDevice(id: string): DeviceWatch {
  const query = [`--id=${id}`, `--query-gpu=${FIELDS}`, '--format=csv,noheader,nounits', '--loop-ms=100'];
  const child = spawn('nvidia-smi', query, { stdio: ['ignore', 'pipe', 'ignore'] });
  let samples: string[][] = [];
  let last: string[] | undefined;
  child.on('error', () => undefined);
  createInterface(child.stdout).on('line', (line) => void samples.push((last = line.split(', '))));
  return {
    take() {
      const taken = samples.length > 0 ? samples : last ? [last] : [];
      samples = [];
      const [first] = taken;
      if (!first) return null;
      const column = (index: number, rows = taken) => rows.map((row) => Number(row[index]));
      const busy = taken.filter((row) => Number(row[6]) > 0);
      const mean = (index: number) => column(index, busy).reduce((a, b) => a + b, 0) / busy.length;
      return {
        name: first[0] ?? '',
        driver: first[1] ?? '',
        memoryTotal: Number(first[2]) * MIB,
        peakMemory: Math.max(...column(3)) * MIB,
        watts: mean(4),
        clock: mean(5),
      };
    },
    [Symbol.dispose]: () => void child.kill(),
  };
}
