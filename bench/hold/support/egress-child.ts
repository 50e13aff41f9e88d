/** Runs in a network namespace: see egress.ts. Its argument is the device whose packets are counted. */
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Video_State } from '@cinematica/protocol/v1';
import { watchToEnd } from '../../../test/support/api.ts';
import { fieldPhoto } from '../../../test/support/field-photo.ts';
import { startRealSystem } from '../../../test/support/real-system.ts';
import { bombs, polyglots } from './hostile-photos.ts';

const [, , device = ''] = process.argv;
/** The packets that were sent to the device so far. */
function packets(): number {
  const line = readFileSync('/proc/net/dev', 'utf8')
    .split('\n')
    .find((each) => each.trim().startsWith(`${device}:`));
  // Eight numbers of received data come first: bytes, packets, …
  return Number(line?.trim().split(/[\s:]+/)[10] ?? Number.NaN);
}

const addresses = new Set<string>();
/** Collects the remote addresses of all connections in this network, as IPv4. */
const collect = () => {
  for (const line of readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1)) {
    const [remote = ''] = line.trim().split(/\s+/)[2]?.split(':') ?? [];
    if (remote === '' || remote === '00000000') continue;
    addresses.add(Buffer.from(remote, 'hex').reverse().join('.'));
  }
};

const before = packets();
const polling = setInterval(collect, 20);
let [uploads, state] = [0, ''];
{
  await using system = await startRealSystem({ MAX_ACTIVE_PER_OWNER: '1000', CALLS_PER_SECOND: '1000' });
  const client = system.client('ann');
  const shape = { case: 'size' as const, value: { width: 64, height: 64 } };
  const settings = { frames: 2, steps: 2, minGuidance: 1, maxGuidance: 1, shape };
  for (const { data } of [...(await polyglots()), ...(await bombs())]) {
    uploads++;
    const value = new Uint8Array(data);
    await client.createVideo({ source: { case: 'image', value }, settings }).catch(() => undefined);
  }
  const source = { case: 'image' as const, value: await fieldPhoto() };
  const { video } = await client.createVideo({ source, settings });
  const story = await watchToEnd(client, video!.name);
  state = story.at(-1)?.video?.state === Video_State.DONE ? 'DONE' : 'not done';
}
clearInterval(polling);
const sent = packets() - before;

// A packet to an address of the outside, to show that it would have been counted.
const socket = createSocket('udp4');
socket.send('control', 9, '192.0.2.1');
await delay(200);
socket.close();
process.stdout.write(
  `${JSON.stringify({ sent, control: packets() - before - sent, uploads, state, addresses: [...addresses] })}\n`,
);
