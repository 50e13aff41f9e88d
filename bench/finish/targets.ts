import { table } from '@cinematica/svd/parity';

/** A figure beside its target. */
export interface Target {
  readonly what: string;
  readonly wanted: string;
  readonly measured: number;
  readonly holds: boolean;
}

export const atLeast = (what: string, measured: number, least: number): Target => ({
  what,
  wanted: `≥ ${least}`,
  measured,
  holds: measured >= least,
});

export const atMost = (what: string, measured: number, most: number): Target => ({
  what,
  wanted: `≤ ${most}`,
  measured,
  holds: measured <= most,
});

/** Prints targets beside figures. The process's exit status is 1 unless all of them hold. */
export function reportTargets(targets: readonly Target[]): void {
  const rows = targets.map(({ what, wanted, measured, holds }) => [
    what,
    wanted,
    Number.isFinite(measured) ? measured.toFixed(2) : '–',
    holds ? 'holds' : 'MISSED',
  ]);
  console.log(`\n${table(['target', 'wanted', 'measured', ''], rows)}`);
  if (targets.some(({ holds }) => !holds)) process.exitCode = 1;
}
