import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { Code, ConnectError } from '@connectrpc/connect';
import { VideoService } from '@cinematica/protocol/v1';
import { Lifetime } from '@cinematica/pipeline';
import { startTestGateway } from '@cinematica/gateway/testing/gateway';
import type { TestGateway } from '@cinematica/gateway/testing/gateway';
import { serviceChildren } from '../../test/support/real-system.ts';
import { fieldPhoto } from '../../test/support/field-photo.ts';
import { filesWith } from './support/find-text.ts';
import { acceptedFormat, bombs, filesOf, MARKER, polyglots } from './support/hostile-photos.ts';
import type { HostileFile } from './support/hostile-photos.ts';
import { peakMiB, residentMiB } from './support/processes.ts';
import { outcome } from './support/row.ts';
import type { Family, Outcome, RunOptions } from './support/row.ts';
import { ms, quantile } from './support/statistics.ts';

const MANY = '1000000';
const MAX_MS = 100;
const MAX_MIB = 200;

export const hostileUploads: Family = {
  rows: [
    {
      id: 'S2',
      what: 'decompression bombs, as photos and as compressed bodies: accepted; longest; memory of gateway and photo process',
      target: `0; ≤ ${MAX_MS} ms; ≤ +${MAX_MIB} MiB`,
    },
    {
      id: 'S4',
      what: 'files of other formats, and files of two formats: accepted; of the accepted ones, kept with foreign bytes; errors',
      target: '0; 0; 0',
    },
  ],
  async run(options, wanted) {
    await using gateway = await startTestGateway({
      CALLS_PER_SECOND: MANY,
      MAX_ACTIVE_PER_OWNER: MANY,
      MAX_DAILY_PER_OWNER: MANY,
      MAX_QUEUED: MANY,
      NODE_OPTIONS: '--max-semi-space-size=4',
    });
    // The first photos start what is loaded once.
    for (let i = 0; i < 20; i++) await upload(gateway, { name: 'photo', data: await fieldPhoto() });
    const outcomes: Outcome[] = [];
    if (wanted.has('S2')) outcomes.push(await sendBombs(gateway));
    if (wanted.has('S4')) outcomes.push(await sendPolyglots(gateway, options));
    return outcomes;
  },
};

/** The result of an upload: the code of the refusal; null when it was accepted. Milliseconds. */
async function upload(gateway: TestGateway, { data }: HostileFile) {
  const begun = performance.now();
  try {
    await gateway.client().createVideo({ source: { case: 'image', value: new Uint8Array(data) } });
    return { refusal: null, time: performance.now() - begun };
  } catch (error) {
    return { refusal: ConnectError.from(error).code, time: performance.now() - begun };
  }
}

async function sendBombs(gateway: TestGateway): Promise<Outcome> {
  const photo = await serviceChildren(gateway.pid);
  const pids = [gateway.pid, ...photo];
  const resting = pids.reduce((sum, pid) => sum + residentMiB(pid), 0);
  const times: number[] = [];
  const accepted: string[] = [];
  let [most, harmless] = [0, 0];
  const files = await bombs();
  for (const file of files) {
    const current = [gateway.pid, ...(await serviceChildren(gateway.pid))];
    // Begins a new measurement of the peak.
    for (const pid of current) writeFileSync(`/proc/${pid}/clear_refs`, '5');
    const { refusal, time } = await upload(gateway, file);
    const peak = current.reduce((sum, pid) => sum + peakOf(pid), 0);
    times.push(time);
    most = Math.max(most, peak - resting);
    if (refusal === null && file.isSmallPhoto) harmless++;
    else if (refusal === null) accepted.push(file.name);
    console.error(
      `› ${file.name}: ${refusal === null ? 'accepted' : Code[refusal]}, ${ms(time)}, ${(peak - resting).toFixed(0)} MiB`,
    );
  }
  const body = gzipSync(Buffer.alloc(300_000_000), { level: 9 });
  const methods = Object.values(VideoService.method).map(({ name }) => name);
  let unpacked = 0;
  for (const method of methods) {
    const begun = performance.now();
    const { status } = await fetch(`${gateway.url}/cinematica.v1.VideoService/${method}`, {
      method: 'POST',
      headers: { 'content-type': 'application/proto', 'content-encoding': 'gzip', authorization: 'Bearer key-of-ann' },
      body: new Uint8Array(body),
    });
    times.push(performance.now() - begun);
    if (status < 400) unpacked++;
    most = Math.max(most, peakOf(gateway.pid) + photo.reduce((sum, pid) => sum + peakOf(pid), 0) - resting);
  }
  const longest = Math.max(...times);
  const figure = `${accepted.length + unpacked} of ${files.length + methods.length}${accepted.length > 0 ? ` (${accepted.join('; ')})` : ''}, ${harmless} small photos without their metadata; p50 ${ms(quantile(times, 0.5))}, longest ${ms(longest)}; +${most.toFixed(0)} MiB`;
  return outcome('S2', accepted.length + unpacked === 0 && longest <= MAX_MS && most <= MAX_MIB, figure);
}

/** 0 for a process that has ended. */
function peakOf(pid: number): number {
  try {
    return peakMiB(pid);
  } catch {
    return 0;
  }
}

async function sendPolyglots(gateway: TestGateway, { corpus }: RunOptions): Promise<Outcome> {
  const before = new Set(await gateway.artifacts.list(Lifetime.PHOTO));
  const files = [...(await polyglots()), ...(await filesOf(corpus))];
  const wrong: string[] = [];
  let [kept, errors] = [0, 0];
  for (const file of files) {
    const { refusal } = await upload(gateway, file);
    if (refusal === null) kept++;
    if (refusal === null && acceptedFormat(file.data) === null) wrong.push(file.name);
    if (refusal !== null && refusal !== Code.InvalidArgument) errors++;
  }
  const photos = (await gateway.artifacts.list(Lifetime.PHOTO)).filter((name) => !before.has(name));
  const contaminated = filesWith(gateway.nats.folder, [MARKER]).length;
  const figure = `${wrong.length} of ${files.length}${wrong.length > 0 ? ` (${wrong.slice(0, 5).join('; ')})` : ''}; ${contaminated} files of the store, with ${photos.length} photos of ${kept}; ${errors}`;
  return outcome('S4', wrong.length === 0 && contaminated === 0 && errors === 0, figure);
}
