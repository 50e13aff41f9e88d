import {
  cpSync,
  existsSync,
  linkSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MODEL } from '@cinematica/gateway/testing/gateway';
import { openCheckpoint } from '@cinematica/svd';
import { outcome } from './support/row.ts';
import type { Family } from './support/row.ts';
import { ms } from './support/statistics.ts';
import { residentMiB } from './support/processes.ts';

const MAX_MS = 100;
const MAX_MIB = 50;

/** Changes the folder of a valid checkpoint. */
type Attack = (folder: string, weights: string) => void;

export const hostileModels: Family = {
  rows: [
    {
      id: 'S14',
      what: 'hostile checkpoints that are accepted; longest, beyond the time for the valid one; memory',
      target: `0; ≤ ${MAX_MS} ms; ≤ +${MAX_MIB} MiB`,
    },
  ],
  async run() {
    // The first one loads the code.
    await openCheckpoint(MODEL);
    const begun = performance.now();
    await openCheckpoint(MODEL);
    const valid = performance.now() - begun;
    const accepted: string[] = [];
    let [longest, most] = [0, 0];
    for (const [name, attack] of Object.entries(ATTACKS)) {
      const { refused, time, memory } = await openAttacked(attack);
      console.error(`› ${name}: ${refused ?? 'accepted'}, ${ms(time)}, ${memory.toFixed(0)} MiB`);
      if (refused === null) accepted.push(name);
      longest = Math.max(longest, time - valid);
      most = Math.max(most, memory);
    }
    const figure = `${accepted.length} of ${Object.keys(ATTACKS).length}${accepted.length > 0 ? ` (${accepted.join('; ')})` : ''}; ${ms(longest)}, valid ${ms(valid)}; +${most.toFixed(0)} MiB`;
    return [outcome('S14', accepted.length === 0 && longest <= MAX_MS && most <= MAX_MIB, figure)];
  },
};

async function openAttacked(attack: Attack) {
  const folder = mkdtempSync(join(tmpdir(), 'cinematica-model-'));
  try {
    cpSync(MODEL, folder, { recursive: true });
    attack(folder, weightsOf(folder));
    const before = residentMiB(process.pid);
    let most = before;
    const sampling = setInterval(() => (most = Math.max(most, residentMiB(process.pid))), 5);
    const begun = performance.now();
    const refused = await openCheckpoint(folder).then(
      () => null,
      (error: unknown) => (error instanceof Error ? error.name : String(error)),
    );
    const time = performance.now() - begun;
    clearInterval(sampling);
    return { refused, time, memory: Math.max(most, residentMiB(process.pid)) - before };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The file with the weights of the UNet. */
function weightsOf(folder: string): string {
  const unet = join(folder, 'unet');
  const file = readdirSync(unet).find((name) => name.endsWith('.safetensors'));
  if (file === undefined) throw new Error('the checkpoint has no weights');
  return join(unet, file);
}

const padded = (json: string): Buffer => {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(json)));
  return Buffer.concat([length, Buffer.from(json)]);
};

/** Changes the text of the header and keeps the data. */
const header =
  (edit: (json: string) => string): Attack =>
  (_, weights) => {
    const file = readFileSync(weights);
    const end = 8 + Number(file.readBigUInt64LE());
    writeFileSync(weights, Buffer.concat([padded(edit(file.subarray(8, end).toString())), file.subarray(end)]));
  };

const content =
  (data: Uint8Array): Attack =>
  (_, weights) =>
    writeFileSync(weights, data);

/** Replaces the weights by an index that names this shard. */
const index =
  (shard: string): Attack =>
  (folder, weights) => {
    const name = /"([^"]+\.weight)"/.exec(readFileSync(weights).toString('latin1'))?.[1] ?? '';
    unlinkSync(weights);
    const text = JSON.stringify({ weight_map: { [name]: shard } });
    writeFileSync(join(folder, 'unet', 'diffusion_pytorch_model.safetensors.index.json'), text);
  };

const replacedBy =
  (put: (weights: string) => void): Attack =>
  (_, weights) => {
    unlinkSync(weights);
    put(weights);
  };

const first = (json: string): string => /"data_offsets":\s*\[\s*\d+\s*,\s*\d+\s*\]/.exec(json)?.[0] ?? '';

const ATTACKS: Readonly<Record<string, Attack>> = {
  'a header of 2⁶³ bytes': content(Buffer.from([0, 0, 0, 0, 0, 0, 0, 0x80, 0x7b])),
  'a header of 2⁶⁴ - 1 bytes': content(Buffer.alloc(64, 0xff)),
  'a header of 99 MB of brackets': content(padded('['.repeat(99_000_000))),
  'a header of 99 MB of names': content(padded(`{${'"a":{},'.repeat(14_000_000)}"b":{}}`)),
  'a header of 99 MB of spaces': content(padded(`{${' '.repeat(98_999_998)}}`)),
  'a header of 9.9 MB of brackets': content(padded('['.repeat(9_900_000))),
  'a header of 9.9 MB of names': content(padded(`{${'"a":{},'.repeat(1_400_000)}"b":{}}`)),
  'deep metadata': header((json) =>
    json.replace('{', `{"__metadata__":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)},`),
  ),
  'tensors that overlap': header((json) => json.replace(first(json), '"data_offsets":[0,64]')),
  'a hole between tensors': header((json) => json.replace(first(json), '"data_offsets":[1000000,1000064]')),
  'offsets past the end': header((json) => json.replace(first(json), '"data_offsets":[0,9007199254740991]')),
  'negative offsets': header((json) => json.replace(first(json), '"data_offsets":[-8,0]')),
  'a name twice': header((json) => json.replace('{', `{${/"[^"]+":\s*\{[^}]*\}/.exec(json)?.[0] ?? ''},`)),
  'a tensor named __proto__': header((json) =>
    json.replace('{', '{"__proto__":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},'),
  ),
  'a shape whose product overflows': header((json) =>
    json.replace(/"shape":\s*\[[^\]]*\]/, '"shape":[4294967296,4294967296,4294967296]'),
  ),
  'an unknown type': header((json) => json.replace(/"dtype":\s*"[^"]*"/, '"dtype":"constructor"')),
  'not UTF-8': (_, weights) => {
    const file = readFileSync(weights);
    file[12] = 0xff;
    writeFileSync(weights, file);
  },
  'cut off': (_, weights) => truncateSync(weights, Math.floor(readFileSync(weights).length / 2)),
  'a pickle': content(Buffer.from('\x80\x02cposix\nsystem\nX\x02\0\0\0id\x85R.', 'latin1')),
  'a shard outside of the folder': index('../../../../../../etc/passwd'),
  'a shard with an absolute path': index('/etc/passwd'),
  'a shard with a null byte': index('a\0b.safetensors'),
  'a shard that is the index': index('diffusion_pytorch_model.safetensors.index.json'),
  'a link to a system file': replacedBy((weights) => symlinkSync('/etc/passwd', weights)),
  'a hard link to another file': replacedBy((weights) => linkSync(join(weights, '../config.json'), weights)),
  'a link to an endless device': replacedBy((weights) => symlinkSync('/dev/zero', weights)),
  'a link to itself': replacedBy((weights) => symlinkSync(weights, weights)),
  'a folder of links to a parent': (folder) => {
    rmSync(join(folder, 'unet'), { recursive: true });
    symlinkSync(folder, join(folder, 'unet'));
  },
  'ONNX in place of the weights': (folder, weights) => {
    unlinkSync(weights);
    writeFileSync(join(folder, 'unet', 'model.onnx'), Buffer.from('\x08\x07location../../etc/passwd', 'latin1'));
    if (existsSync(weights)) throw new Error('the weights still exist');
  },
  'a configuration with absurd sizes': (folder) => {
    const path = join(folder, 'unet', 'config.json');
    writeFileSync(
      path,
      readFileSync(path, 'utf8').replace(/"block_out_channels":\s*\[[^\]]*\]/, '"block_out_channels":[1e9,1e9]'),
    );
  },
  'a configuration of 50 MB of brackets': (folder) =>
    writeFileSync(join(folder, 'unet', 'config.json'), '['.repeat(5e7)),
};
