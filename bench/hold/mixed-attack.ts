import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { startTestGateway } from '@cinematica/gateway/testing/gateway';
import type { TestGateway } from '@cinematica/gateway/testing/gateway';
import { fieldPhoto } from '../../test/support/field-photo.ts';
import { createMemoryLimit, productionMemoryMiB } from './support/memory-limit.ts';
import { peakMiB, residentMiB, separateCores, useAllCores } from './support/processes.ts';
import { outcome } from './support/row.ts';
import type { Family } from './support/row.ts';
import { ms, quantile } from './support/statistics.ts';

/** The base has a twelfth of the calls of the attack, and at least those of half a minute. Milliseconds. */
const baseMs = (minutes: number): number => Math.max(30_000, minutes * 5_000);
/** The legitimate client calls this often. Milliseconds. */
const PAUSE_MS = 50;
const MANY = '1000000';

export const mixedAttack: Family = {
  rows: [
    {
      id: 'ATTACK',
      what: "all attacks at once on a gateway with production's memory limit: p99 of a legitimate client; failed calls; memory",
      target: '≤ 2 × base; 0; survives the limit',
    },
  ],
  async run({ minutes, seed, attacks }) {
    const limitMiB = productionMemoryMiB();
    using limit = createMemoryLimit(limitMiB);
    // The gateway is started under the limit, so that all of its memory counts.
    limit?.add(process.pid);
    await using gateway = await startTestGateway({
      NODE_OPTIONS: '--max-semi-space-size=4',
      // No stage makes the videos. Those that the attackers create are not to end the attack.
      MAX_ACTIVE_PER_OWNER: MANY,
      MAX_DAILY_PER_OWNER: MANY,
      MAX_QUEUED: MANY,
    });
    for (const pid of [process.pid, gateway.nats.pid]) limit?.remove(pid);
    const apart = separateCores([gateway.pid, gateway.nats.pid]);
    try {
      await callFor(gateway, 5_000);
      const base = await callFor(gateway, baseMs(minutes));
      const before = residentMiB(gateway.pid);
      const attacker = startAttacker(gateway, seed, attacks);
      await delay(3_000);
      if (attacker.hasEnded()) throw new Error('the attacker has ended');
      const attacked = await callFor(gateway, minutes * 60_000, (calls) => {
        const memory = `${residentMiB(gateway.pid).toFixed(0)} MiB`;
        console.error(
          `› p99 so far ${ms(quantile(calls.reads, 0.99))}, ${memory}, ${JSON.stringify(attacker.counts())}`,
        );
      });
      await attacker.stop();
      const alive = gateway.log.every((line) => !line.includes('"stopping"')) && isAlive(gateway.pid);
      const after = await callFor(gateway, 5_000);
      const [reads, uploads] = [attacked.reads, attacked.uploads].map((times) => quantile(times, 0.99)) as [
        number,
        number,
      ];
      const [baseReads, baseUploads] = [base.reads, base.uploads].map((times) => quantile(times, 0.99)) as [
        number,
        number,
      ];
      const met = alive && reads <= 2 * baseReads && uploads <= 2 * baseUploads && attacked.failed === 0;
      const total = Object.values(attacker.counts()).reduce((sum, count) => sum + count, 0);
      const memory = limit
        ? `limit ${limitMiB} MiB (control group): at most ${limit.peakMiB().toFixed(0)} MiB${limit.hasKilled ? ', a process was killed' : ''}`
        : `no control group, peak ${peakMiB(gateway.pid).toFixed(0)} of ${limitMiB} MiB`;
      const figure = `reads p50 ${ms(quantile(base.reads, 0.5))} → ${ms(quantile(attacked.reads, 0.5))}, p99 ${ms(baseReads)} → ${ms(reads)}, uploads p99 ${ms(baseUploads)} → ${ms(uploads)} of ${attacked.uploads.length}; ${attacked.failed} failed, ${after.failed} after it; ${memory}, gateway ${before.toFixed(0)} → ${alive ? residentMiB(gateway.pid).toFixed(0) : 'dead'} MiB; ${total} attacks in ${minutes} min${apart ? ', generators on the other core' : ''}`;
      return [outcome('ATTACK', met, figure)];
    } finally {
      if (apart) useAllCores();
      // A control group with processes cannot be removed.
      await gateway.stop();
    }
  },
};

interface Calls {
  readonly reads: number[];
  readonly uploads: number[];
  failed: number;
}

/** Calls as a legitimate client does, one call after another. @param report called every 30 seconds. */
async function callFor(gateway: TestGateway, duration: number, report?: (calls: Calls) => void): Promise<Calls> {
  const client = gateway.client();
  const source = { case: 'image' as const, value: await fieldPhoto() };
  const calls: Calls = { reads: [], uploads: [], failed: 0 };
  const begun = performance.now();
  let reported = begun;
  for (let i = 0; performance.now() - begun < duration; i++) {
    const isUpload = i % 20 === 19;
    const start = performance.now();
    try {
      let created = '';
      if (isUpload) created = (await client.createVideo({ source }, { timeoutMs: 30_000 })).video?.name ?? '';
      else if (i % 2 === 0) await client.listVideos({ pageSize: 10 }, { timeoutMs: 30_000 });
      else await client.getCapabilities({}, { timeoutMs: 30_000 });
      (isUpload ? calls.uploads : calls.reads).push(performance.now() - start);
      // Otherwise the list, and so each read of it, would grow during the hour.
      if (created !== '') await client.deleteVideo({ name: created }, { timeoutMs: 30_000 });
    } catch (error) {
      calls.failed++;
      if (calls.failed <= 5) console.error(`› ${String(error)}`);
    }
    if (performance.now() - reported > 30_000) {
      reported = performance.now();
      report?.(calls);
    }
    await delay(PAUSE_MS);
  }
  return calls;
}

function startAttacker({ port }: TestGateway, seed: number, attacks: readonly string[]) {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'support', 'attacker.ts'), String(port), String(seed), ...attacks],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let counts: Readonly<Record<string, number>> = {};
  createInterface(child.stdout).on('line', (line) => (counts = JSON.parse(line) as Record<string, number>));
  const ended = once(child, 'exit');
  return {
    counts: () => counts,
    hasEnded: () => child.exitCode !== null,
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
