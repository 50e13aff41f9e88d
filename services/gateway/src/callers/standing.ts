/** Above these points a client is in poor standing: with three refusals in a row, or with one that took two seconds. */
const POOR_POINTS = 2.5;
/** The most points of a client, so that it recovers within two minutes. */
const MAX_POINTS = 12;
/** A point is forgotten after this time. Milliseconds. */
const POINT_MS = 10_000;
/** The number of clients from which those without points are forgotten. */
const MAX_CLIENTS = 10_000;

/** Knows whose photos keep being refused, so that the photos of others are decoded first. */
export interface Standing {
  /** Counts a photo that was refused, or whose process was killed. @param milliseconds how long it was decoded. */
  refused(client: string, milliseconds: number): void;
  /** Whether the photos of a client keep being refused. */
  readonly isPoor: (client: string) => boolean;
}

/** @param now the current time in milliseconds; `performance.now` by default. Tests replace it. */
export function createStanding(now: () => number = () => performance.now()): Standing {
  const clients = new Map<string, { readonly points: number; readonly time: number }>();

  function pointsOf(client: string): number {
    const known = clients.get(client);
    return known ? Math.max(0, known.points - (now() - known.time) / POINT_MS) : 0;
  }

  return {
    refused(client, milliseconds) {
      if (clients.size >= MAX_CLIENTS) {
        for (const name of clients.keys()) if (pointsOf(name) === 0) clients.delete(name);
      }
      const points = Math.min(MAX_POINTS, pointsOf(client) + 1 + milliseconds / 1_000);
      clients.set(client, { points, time: now() });
    },
    isPoor: (client) => pointsOf(client) > POOR_POINTS,
  };
}
