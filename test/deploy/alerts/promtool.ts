import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { findProgram } from '../../../scripts/setup/find-program.mjs';
import type { AlertCase, Firing } from './cases.ts';

/** The path of promtool, which the set-up installs; null when it could not be installed. */
export const PROMTOOL = process.env.PROMTOOL ?? findProgram('promtool');

export interface Rule {
  readonly alert: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** The unit tests of one alert in promtool's format. They test that it fires with its text, and that it does not fire otherwise. */
export function unitTests({ alert, labels, annotations }: Rule, { fires, silent }: AlertCase): object[] {
  const expected = (firing: Firing) => ({
    exp_labels: { ...labels, ...firing.labels },
    exp_annotations: { ...annotations, summary: firing.summary },
  });
  return [
    ...[fires].flat().map((situation) => ({ situation, exp_alerts: [expected(situation)] })),
    ...[silent].flat().map((situation) => ({ situation, exp_alerts: [] })),
  ].map(({ situation: { series, at }, exp_alerts }) => ({
    name: `${alert} ${exp_alerts.length > 0 ? 'fires' : 'stays silent'}`,
    interval: '1m',
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    alert_rule_test: [{ eval_time: `${at}m`, alertname: alert, exp_alerts }],
  }));
}

/** Runs promtool with files in a folder of their own. @returns what it said. @throws Error with what it said when it fails. */
export async function promtool(files: Readonly<Record<string, object>>, ...args: readonly string[]): Promise<string> {
  if (PROMTOOL === null) throw new Error('promtool is not there');
  const folder = await mkdtemp(join(tmpdir(), 'rules-'));
  try {
    for (const [name, content] of Object.entries(files)) {
      await writeFile(join(folder, name), stringify(content, { aliasDuplicateObjects: false }));
    }
    return execFileSync(PROMTOOL, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } finally {
    await rm(folder, { recursive: true });
  }
}
