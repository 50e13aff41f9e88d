import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { jetstream } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '../log.ts';
import { LeaseSchema } from '../messages.ts';
import { leaseKey, LEASES_BUCKET } from '../names.ts';
import { milliseconds } from '../records/time.ts';
import type { PipelineSettings } from '../settings.ts';
import { lostRace, reaching, UnavailableError } from '../unavailable.ts';

/**
 * Does something in one process of many: whoever holds the lease. Everything that a leader does is a compare-and-set or
 * can be done twice, so that two who lead for a moment do no harm.
 * @param holder another one for each process.
 * @param lead runs until its signal is aborted; what it throws is logged, and it begins anew.
 * @returns once `signal` is aborted and the lease is given back.
 */
export async function runAsLeader(
  nats: NatsConnection,
  role: string,
  holder: string,
  settings: Pick<PipelineSettings, 'LEASE_MS' | 'REQUEST_TIMEOUT_MS'>,
  log: Log,
  lead: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { LEASE_MS: lease, REQUEST_TIMEOUT_MS: timeout } = settings;
  const bucket = await new Kvm(jetstream(nats, { timeout })).open(LEASES_BUCKET);
  const key = leaseKey(role);
  let leading: { controller: AbortController; until: number; done: Promise<void> } | null = null;

  /** Takes or renews the lease for so long. @returns whether it is ours. */
  async function hold(duration: number): Promise<boolean> {
    const entry = await reaching('reading a lease', () => bucket.get(key));
    const old = entry?.operation === 'PUT' ? fromBinary(LeaseSchema, entry.value) : null;
    if (old && old.holder !== holder && milliseconds(old.expireTime) > Date.now()) return false;
    const value = toBinary(
      LeaseSchema,
      create(LeaseSchema, { holder, expireTime: timestampFromMs(Date.now() + duration) }),
    );
    try {
      await reaching('taking a lease', () => bucket.put(key, value, { previousSeq: entry?.revision ?? 0 }));
      return true;
    } catch (error) {
      if (lostRace(error)) return false;
      throw error;
    }
  }

  async function stepDown(): Promise<void> {
    leading?.controller.abort();
    await leading?.done;
    leading = null;
  }

  while (!signal.aborted) {
    const asked = Date.now();
    try {
      if (await hold(lease)) {
        if (leading) leading.until = asked + lease;
        else {
          log.info('leads', { role });
          const controller = new AbortController();
          const done = lead(controller.signal).catch((error: unknown) => {
            if (!controller.signal.aborted) log.error('leading broke off', error, { role });
            leading = null;
          });
          leading = { controller, until: asked + lease, done };
        }
      } else await stepDown();
    } catch (error) {
      if (!(error instanceof UnavailableError)) log.error('the lease could not be taken', error, { role });
    }
    if (leading && leading.until < Date.now()) await stepDown();
    await delay(lease / 3, undefined, { signal }).catch(() => undefined);
  }
  if (leading) {
    await stepDown();
    // So that another need not wait for it to run out.
    await hold(0).catch(() => false);
  }
}
