import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { ConnectError, Code } from '@connectrpc/connect';
import { startTestGateway } from '@cinematica/gateway/testing/gateway';
import { untilAnswered } from '../../test/support/api.ts';
import { fieldPhoto } from '../../test/support/field-photo.ts';
import { outcome } from './support/row.ts';
import type { Family } from './support/row.ts';

const MANY = '1000000';

export const requestIds: Family = {
  rows: [
    {
      id: 'R8',
      what: 'videos of one request id: 100 calls together, 10 after NATS was killed, 20 whose answer was lost; other bodies',
      target: '1 video; ALREADY_EXISTS 100 %',
    },
  ],
  async run() {
    await using gateway = await startTestGateway({ CALLS_PER_SECOND: MANY, MAX_ACTIVE_PER_OWNER: MANY });
    const client = gateway.client();
    const photo = await fieldPhoto();
    const requestId = randomUUID();
    const request = { source: { case: 'image' as const, value: photo }, requestId };
    const create = async () => (await untilAnswered(() => client.createVideo(request))).video!.name;

    // The client gives up before the answer arrives, as when the connection breaks.
    const impatient = Array.from({ length: 20 }, (_, i) =>
      client.createVideo(request, { signal: AbortSignal.timeout(1 + i) }).catch(() => undefined),
    );
    const first = Promise.all(Array.from({ length: 100 }, create));
    await Promise.all(impatient);
    const names = new Set(await first);
    await gateway.nats.kill();
    const after = Promise.all(Array.from({ length: 10 }, create));
    await delay(1_000);
    await gateway.nats.start();
    for (const name of await after) names.add(name);

    const other = { ...request, settings: { frames: 3 } };
    const refusals = await Promise.all(
      Array.from({ length: 20 }, () =>
        client.createVideo(other).then(
          () => null,
          (error: unknown) => ConnectError.from(error).code,
        ),
      ),
    );
    const right = refusals.filter((code) => code === Code.AlreadyExists).length;
    const stored = (await gateway.videos()).length;
    const met = names.size === 1 && stored === 1 && right === 20;
    return [outcome('R8', met, `${stored} video, ${names.size} name; ALREADY_EXISTS ${right} of 20`)];
  },
};
