import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { table } from '@cinematica/svd/parity';
import { FAMILIES } from './hold/families.ts';
import type { Outcome } from './hold/support/row.ts';
import { printHelp } from './support/print-help.ts';

const USAGE = `usage: npm run bench -- hold [ROW...] [--list] [--full] [--seed 1] [--minutes 10] [--attack KIND...] [--corpus FOLDER]

Measures how the system stands faults, overload and attacks: the rows of docs/reliability.md, such as R5 or S2; without
ROW all of them. Each row runs against a real nats-server and real processes, and prints its figure, its target and whether
the target is met. --full: the sizes that the targets name, which take hours. --minutes: the length of the mixed attack;
--attack: only this kind of it, such as "rapid resets"; several may be given. --corpus: a folder of further hostile files for
the rows that upload files. Exits with 1 if a target is missed.`;
printHelp(USAGE);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    list: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '10' },
    attack: { type: 'string', multiple: true, default: [] },
    corpus: { type: 'string' },
  },
});
const all = FAMILIES.flatMap(({ rows }) => rows);
if (values.list) {
  console.log(
    table(
      ['row', 'measures', 'target'],
      all.map(({ id, what, target }) => [id, what, target]),
    ),
  );
  process.exit(0);
}
const [seed, minutes] = [values.seed, values.minutes].map(Number) as [number, number];
const unknown = positionals.filter((id) => !all.some((row) => row.id === id));
if (unknown.length > 0 || !Number.isInteger(seed) || !(minutes > 0)) {
  console.error(unknown.length > 0 ? `There is no row ${unknown.join(', ')}; see --list.` : USAGE);
  process.exit(2);
}

const wanted = new Set(positionals.length > 0 ? positionals : all.map(({ id }) => id));
const options = { full: values.full, seed, minutes, attacks: values.attack, corpus: values.corpus ?? null };
const outcomes: Outcome[] = [];
for (const family of FAMILIES) {
  const ids = new Set(family.rows.map(({ id }) => id).filter((id) => wanted.has(id)));
  if (ids.size === 0) continue;
  const begun = performance.now();
  // Another program on the machine makes every time longer.
  const [load = 0] = loadavg();
  const measured = await family.run(options, ids).catch((error: unknown) => {
    console.error(error);
    return [...ids].map((id): Outcome => ({ id, figure: String(error), verdict: 'failed' }));
  });
  outcomes.push(...measured);
  const took = ((performance.now() - begun) / 1000).toFixed(0);
  for (const { id, figure, verdict } of measured) console.error(`${id.padEnd(8)}${verdict.padEnd(8)} ${figure}`);
  console.error(`› ${[...ids].join(', ')}: ${took} s, load average of the machine before it ${load.toFixed(1)}`);
}

const rows = outcomes.map(({ id, figure, verdict }) => [
  id.padEnd(8) + verdict,
  figure,
  all.find((row) => row.id === id)?.target ?? '',
]);
console.log(`\n${table(['row     verdict', 'figure', 'target'], rows)}`);
if (outcomes.some(({ verdict }) => verdict === 'missed' || verdict === 'failed')) process.exitCode = 1;
