import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { note, warning } from './finding.ts';
import type { Finding, Section } from './finding.ts';

/** The file with what was proved on this machine's devices. */
export const proofsFile = (root: string): string => join(root, '.cache', 'gpu', 'proofs.json');

/** A provider that was compared with the CPU on a device, once for each driver, library and version of the graphs. */
const proofSchema = z.object({
  provider: z.string(),
  device: z.string(),
  driver: z.string().optional(),
  /** The version of ONNX Runtime. */
  library: z.string(),
  /** The version of the graphs. */
  graphs: z.string(),
  passed: z.boolean(),
  /** Fused operators that gave wrong numbers and are written with standard operators. */
  replaced: z.array(z.string()).default([]),
  /** The time of a step of the model. Milliseconds. */
  stepMs: z.number().optional(),
  /** What else is worth to know, in one line. */
  remark: z.string().optional(),
});

/** @returns null when nothing was proved yet */
export async function showProofs(root: string): Promise<Section | null> {
  const file = proofsFile(root);
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text === null) return null;
  const proofs = z.array(proofSchema).safeParse(parseJson(text));
  const findings: Finding[] = proofs.success
    ? proofs.data.map(describe)
    : [warning('proofs', `${file} can’t be read`, 'remove it: the providers are proved again')];
  return findings.length === 0 ? null : { title: 'Proved on this machine', findings };
}

function describe(proof: z.output<typeof proofSchema>): Finding {
  const { provider, device, driver, library, replaced, stepMs, remark } = proof;
  const where = [device, driver && `driver ${driver}`, `ONNX Runtime ${library}`].filter(Boolean).join(', ');
  if (!proof.passed) {
    const cure = 'it is not used: another driver, or a newer version of this project, may help';
    return warning(provider, `gives wrong numbers on ${where}`, cure);
  }
  const details = [
    ...(replaced.length === 0 ? [] : [`without ${replaced.join(', ')}, which give wrong numbers`]),
    ...(stepMs === undefined ? [] : [`a step takes ${stepMs.toFixed(0)} ms`]),
    ...(remark === undefined ? [] : [remark]),
  ];
  return note(provider, [`gives the right numbers on ${where}`, ...details].join('; '));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
