import { createMediaVerifier, createPhotoSanitizer } from '@cinematica/gateway/media-verifier';
import { NO_ROOTS } from '@cinematica/credentials';
import { createMarker, videoNumber } from '@cinematica/provenance';
import type { FoundMark } from '@cinematica/provenance';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clip } from '../finish/clip.ts';
import { atLeast } from '../finish/targets.ts';
import type { Target } from '../finish/targets.ts';
import { applyAttack, ATTACKS } from './attacks.ts';
import type { Attack } from './attacks.ts';
import { encodeClip } from './clips.ts';

/** What became of the mark of one clip. */
export interface ClipResult {
  readonly clip: string;
  /** The worst frame, dB. */
  readonly psnr: number;
  /** For each attack: what was found. */
  readonly found: readonly { readonly attack: string; readonly outcome: Outcome; readonly score: number }[];
}

type Outcome = 'read' | 'seen' | 'lost' | 'wrong';

const KEY = new TextEncoder().encode('the key of the bench, which marks');
const OTHER_KEY = new TextEncoder().encode('another key, which marks nothing.');

/** Marks a clip, attacks it in each way, and looks for the mark with another key first. */
export async function measureClip(name: string, clip: Clip, folder: string): Promise<ClipResult> {
  const payload = { installation: 42, video: videoNumber(name) };
  const frames = clip.frames.map((frame) => Uint8Array.from(frame));
  const marker = createMarker({ ...clip, key: KEY, payload });
  for (const [index, frame] of frames.entries()) marker.mark(frame, index);
  const psnr = Math.min(...frames.map((frame, i) => psnrOf(frame, clip.frames[i]!)));
  const delivered = join(folder, 'delivered.mp4');
  await encodeClip({ ...clip, frames }, delivered);
  const found: ClipResult['found'][number][] = [];
  await using sanitizer = createPhotoSanitizer();
  const verifier = createMediaVerifier({ keys: [OTHER_KEY, KEY], roots: NO_ROOTS }, sanitizer);
  try {
    for (const attack of ATTACKS) {
      const { mark } = await verifier.verify(await attacked(attack, delivered, folder), new AbortController().signal);
      found.push({ attack: attack.name, outcome: outcomeOf(mark, payload.video), score: mark?.score ?? 0 });
    }
  } finally {
    await rm(delivered, { force: true });
  }
  return { clip: name, psnr, found };
}

function outcomeOf(mark: FoundMark | null, video: number): Outcome {
  if (!mark) return 'lost';
  if (mark.key !== 1) return 'wrong';
  if (!mark.payload) return 'seen';
  return mark.payload.video === video && mark.payload.installation === 42 ? 'read' : 'wrong';
}

async function attacked(attack: Attack, delivered: string, folder: string): Promise<Uint8Array> {
  if (!attack.options) return readFile(delivered);
  const file = join(folder, `attacked.${attack.extension}`);
  await applyAttack(attack, delivered, file);
  try {
    return await readFile(file);
  } finally {
    await rm(file, { force: true });
  }
}

export function psnrOf(a: Uint8Array, b: Uint8Array): number {
  let squares = 0;
  for (let i = 0; i < a.length; i++) squares += (a[i]! - b[i]!) ** 2;
  return 10 * Math.log10(255 ** 2 / (squares / a.length));
}

/** The rows of the table, one for each attack. */
export function summarise(results: readonly ClipResult[]): string[][] {
  return ATTACKS.map(({ name, isBeyond }) => {
    const row = results.map(({ found }) => found.find(({ attack }) => attack === name)!);
    const count = (outcome: Outcome) => row.filter((each) => each.outcome === outcome).length;
    const lowest = Math.min(...row.map(({ score }) => score));
    return [
      isBeyond === true ? `(${name})` : name,
      `${count('read')} of ${row.length}`,
      String(count('seen')),
      String(count('lost')),
      lowest.toFixed(1),
    ];
  });
}

export function markedTargets(results: readonly ClipResult[]): Target[] {
  const all = results.flatMap(({ found }) => found);
  const beyond = new Set(ATTACKS.flatMap(({ name, isBeyond }) => (isBeyond === true ? [name] : [])));
  const required = all.filter(({ attack }) => !beyond.has(attack));
  const share = (outcomes: readonly Outcome[]) =>
    required.filter(({ outcome }) => outcomes.includes(outcome)).length / required.length;
  return [
    atLeast('PSNR of the worst frame, dB', Math.min(...results.map(({ psnr }) => psnr)), 42),
    atLeast('attacked videos whose mark is read', share(['read']), 0.95),
    atLeast('attacked videos whose mark is found', share(['read', 'seen']), 0.99),
    atLeast('marks that are not mistaken', all.filter(({ outcome }) => outcome !== 'wrong').length / all.length, 1),
  ];
}
