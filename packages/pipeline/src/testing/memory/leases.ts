import type { Leases } from '../../domain/ports/leases.ts';

/** Leases in memory, for tests without NATS. */
export function createMemoryLeases(): Leases {
  const taken = new Map<string, { readonly holder: string; readonly expires: number }>();
  return {
    take(role, holder, duration) {
      const current = taken.get(role);
      if (current && current.holder !== holder && current.expires > Date.now()) return Promise.resolve(false);
      taken.set(role, { holder, expires: Date.now() + duration });
      return Promise.resolve(true);
    },
  };
}
