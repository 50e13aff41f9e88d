import { lookup, Resolver } from 'node:dns/promises';

/** An address that a name resolves to. */
export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

/** Resolves a name to all its addresses. @throws when there is none, and the signal's reason. */
export type Resolve = (name: string, signal: AbortSignal) => Promise<ResolvedAddress[]>;

/**
 * Asks the DNS servers of this machine. `/etc/hosts` and search domains, which name hosts inside a network, are not used. The
 * query can be cancelled, unlike the resolver of the operating system, which blocks one of four threads.
 */
export const resolvePublicName: Resolve = async (name, signal) => {
  const resolver = new Resolver({ timeout: 3_000, tries: 2 });
  const cancel = (): void => resolver.cancel();
  signal.throwIfAborted();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    const [ipv4, ipv6] = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
    signal.throwIfAborted();
    if (ipv4.status === 'rejected' && ipv6.status === 'rejected') throw ipv4.reason;
    return [
      ...(ipv6.status === 'fulfilled' ? ipv6.value : []).map((address) => ({ address, family: 6 })),
      ...(ipv4.status === 'fulfilled' ? ipv4.value : []).map((address) => ({ address, family: 4 })),
    ];
  } finally {
    signal.removeEventListener('abort', cancel);
  }
};

/** Asks the operating system, which also knows `localhost`. Only for tests on one machine. */
export const resolveAnyName: Resolve = (name) => lookup(name, { all: true });
