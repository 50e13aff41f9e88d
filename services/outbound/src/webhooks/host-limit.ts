/** Limits how many deliveries one host can occupy, so that a host that does not answer delays only its own webhooks. */
export interface HostLimit {
  /** @returns the function that ends a delivery to the host; null when the host has as many as it may. */
  tryBegin(host: string): (() => void) | null;
}

/** @param max the most deliveries to one host at the same time. */
export function createHostLimit(max: number): HostLimit {
  const running = new Map<string, number>();
  return {
    tryBegin(host) {
      const now = running.get(host) ?? 0;
      if (now >= max) return null;
      running.set(host, now + 1);
      return () => {
        const left = (running.get(host) ?? 1) - 1;
        if (left > 0) running.set(host, left);
        else running.delete(host);
      };
    },
  };
}
