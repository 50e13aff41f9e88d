import { readFile, statfs } from 'node:fs/promises';
import { arch, availableParallelism, cpus, freemem, platform, release, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { fault, readableBytes, good, warning } from './finding.ts';
import type { Finding, Section } from './finding.ts';

/** CPU features that ONNX Runtime has faster kernels for, as Linux names them, and their usual names. */
const FEATURES = {
  avx2: 'AVX2',
  avx512f: 'AVX-512',
  avx512_vnni: 'VNNI',
  amx_tile: 'AMX',
  asimd: 'NEON',
  asimddp: 'dot products',
  i8mm: 'I8MM',
  bf16: 'BF16',
} as const;

/** Free space below which a system cannot start, and below which it is soon full. Bytes. */
const LEAST_DISK = 1e9;
const LITTLE_DISK = 5e9;

/** What the processes of the small model take together. Bytes. */
const LEAST_MEMORY = 3e9;

/** @param folders of the project and of the data */
export async function examineMachine(folders: readonly string[]): Promise<Section> {
  const disks = await Promise.all(folders.map(examineDisk));
  // Both folders are on the same disk, usually.
  const distinct = disks.filter((disk, index) => disks.findIndex(({ text }) => text === disk.text) === index);
  return {
    title: 'Machine',
    findings: [good('system', await systemName()), await examineCpu(), examineMemory(memoryOf()), ...distinct],
  };
}

/** The memory in bytes: all of it, and what programs can still get. A container's limit, and what it uses, count. */
export function memoryOf(): { readonly total: number; readonly available: number } {
  const limit = process.constrainedMemory();
  const total = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  return { total, available: Math.min(total, freemem(), process.availableMemory()) };
}

async function systemName(): Promise<string> {
  const file = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const name = /^PRETTY_NAME="?(.+?)"?$/m.exec(file)?.[1] ?? `${platform()} ${release()}`;
  return `${name}, ${platform()}-${arch()}`;
}

async function examineCpu(): Promise<Finding> {
  const info = await readFile('/proc/cpuinfo', 'utf8').catch(() => '');
  const flags = new Set(/^(?:flags|Features)\s*: (.*)$/m.exec(info)?.[1]?.split(' '));
  const features = Object.entries(FEATURES).flatMap(([flag, name]) => (flags.has(flag) ? [name] : []));
  const cores = availableParallelism();
  const text = [
    `${cpus()[0]?.model.trim() ?? arch()}, ${cores} ${cores === 1 ? 'core' : 'cores'}`,
    features.join(', '),
  ];
  const shown = text.filter((part) => part !== '').join(': ');
  if (arch() !== 'x64' || flags.size === 0 || flags.has('avx2')) return good('CPU', shown);
  return warning('CPU', `${shown}, without AVX2`, 'videos take several times longer than on a CPU from 2013 or later');
}

function examineMemory({ total, available }: ReturnType<typeof memoryOf>): Finding {
  const text = `${readableBytes(available)} of ${readableBytes(total)} are free`;
  if (total < LEAST_MEMORY) {
    return fault('memory', text, `use a machine with ${readableBytes(LEAST_MEMORY)}, or give the container more`);
  }
  if (available < LEAST_MEMORY) {
    return warning('memory', text, 'close other programs: the small model takes about 3 GB, while a video is made');
  }
  return good('memory', text);
}

async function examineDisk(folder: string): Promise<Finding> {
  // The data folder does not exist before the first start.
  const info = await statfs(folder).catch(() => null);
  if (info === null) return dirname(folder) === folder ? good('disk', 'unknown') : examineDisk(dirname(folder));
  const free = info.bavail * info.bsize;
  const text = `${readableBytes(free)} of ${readableBytes(info.blocks * info.bsize)} are free`;
  if (free < LEAST_DISK)
    return fault('disk', `${text} in ${folder}`, 'free some, or choose another folder with --data');
  if (free < LITTLE_DISK) return warning('disk', `${text} in ${folder}`, 'free some: videos are kept for a week');
  return good('disk', text);
}
