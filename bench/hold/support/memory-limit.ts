import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A limit on the memory of processes, as Kubernetes sets one for a container. */
export interface MemoryLimit extends Disposable {
  /** Puts a process and its future children under the limit. Memory that it has already is not counted. */
  add(pid: number): void;
  /** Puts a process back where this one was. */
  remove(pid: number): void;
  /** The most memory that was used, page cache included. MiB. */
  peakMiB(): number;
  /** Whether the kernel killed a process because of the limit. */
  readonly hasKilled: boolean;
}

const V1 = '/sys/fs/cgroup/memory';
const V2 = '/sys/fs/cgroup';

/** @returns null when control groups cannot be created. */
export function createMemoryLimit(mib: number): MemoryLimit | null {
  const isV1 = existsSync(join(V1, 'memory.limit_in_bytes'));
  const folder = join(isV1 ? V1 : V2, `cinematica-hold-${process.pid}`);
  const files = isV1
    ? { limit: 'memory.limit_in_bytes', peak: 'memory.max_usage_in_bytes', events: 'memory.oom_control' }
    : { limit: 'memory.max', peak: 'memory.peak', events: 'memory.events' };
  try {
    mkdirSync(folder);
    writeFileSync(join(folder, files.limit), String(mib * 2 ** 20));
  } catch {
    return null;
  }
  const original = join(isV1 ? V1 : V2, ownGroup(isV1));
  const read = (file: string): string => readFileSync(join(folder, file), 'utf8');
  return {
    add: (pid) => writeFileSync(join(folder, 'cgroup.procs'), String(pid)),
    remove: (pid) => writeFileSync(join(original, 'cgroup.procs'), String(pid)),
    peakMiB: () => Number(read(files.peak)) / 2 ** 20,
    get hasKilled() {
      return Number(/^oom_kill (\d+)/m.exec(read(files.events))?.[1] ?? 0) > 0;
    },
    [Symbol.dispose]() {
      rmdirSync(folder);
    },
  };
}

/** The path of this process's group below the mount point. */
function ownGroup(isV1: boolean): string {
  const groups = readFileSync('/proc/self/cgroup', 'utf8').split('\n');
  const own = groups.find((line) => (isV1 ? line.includes(':memory:') : line.startsWith('0::')));
  return own?.split(':').slice(2).join(':') ?? '/';
}

/** The memory limit of the gateway in production. MiB. */
export function productionMemoryMiB(): number {
  const manifest = readFileSync(join(import.meta.dirname, '../../../deploy/k8s/base/gateway.yaml'), 'utf8');
  const [, mib = ''] = /limits: \{ memory: (\d+)Mi \}/.exec(manifest) ?? [];
  if (mib === '') throw new Error('deploy/k8s/base/gateway.yaml has no memory limit');
  return Number(mib);
}
