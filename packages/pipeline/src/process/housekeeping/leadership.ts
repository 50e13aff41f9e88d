import { setTimeout as delay } from 'node:timers/promises';
import { UnavailableError } from '../../domain/errors.ts';
import type { Leases } from '../../domain/ports/leases.ts';
import type { Log } from '../../telemetry/log.ts';

export interface LeadershipOptions {
  readonly leases: Leases;
  /** What the leader is elected for; part of the lease's key. */
  readonly role: string;
  /** Identifies this process; unique for each. */
  readonly holder: string;
  /** Milliseconds that a lease lasts. It is renewed every third of it. */
  readonly leaseDuration: number;
  readonly log: Log;
  /** The leader's work. Runs until its signal is aborted; an error is logged, and the work is started again. */
  readonly lead: (signal: AbortSignal) => Promise<void>;
}

interface Term {
  readonly controller: AbortController;
  readonly done: Promise<void>;
  /** When the lease expires unless it is renewed, milliseconds since 1970. */
  expires: number;
}

/**
 * Runs work in one process of many, the one that has the lease. Two processes may lead for a moment, so everything that a
 * leader does must be a compare-and-set or idempotent.
 * @returns once `signal` is aborted and the lease has been given up.
 */
export async function runAsLeader(options: LeadershipOptions, signal: AbortSignal): Promise<void> {
  const { leases, role, holder, leaseDuration, log, lead } = options;
  let term: Term | null = null;

  function stepUp(expires: number): Term {
    log.info('became leader', { role });
    const controller = new AbortController();
    const done = lead(controller.signal).catch((error: unknown) => {
      if (!controller.signal.aborted) log.error('the leader failed', error, { role });
      term = null;
    });
    return { controller, done, expires };
  }

  async function stepDown(): Promise<void> {
    term?.controller.abort();
    await term?.done;
    term = null;
  }

  while (!signal.aborted) {
    const expires = Date.now() + leaseDuration;
    try {
      if (!(await leases.take(role, holder, leaseDuration))) await stepDown();
      else if (term) term.expires = expires;
      else term = stepUp(expires);
    } catch (error) {
      if (!(error instanceof UnavailableError)) log.error('the lease could not be taken', error, { role });
    }
    if (term && term.expires < Date.now()) await stepDown();
    await delay(leaseDuration / 3, undefined, { signal }).catch(() => undefined);
  }
  if (term) {
    await stepDown();
    // Otherwise the next leader would have to wait until the lease expires.
    await leases.take(role, holder, 0).catch(() => false);
  }
}
