import { z } from 'zod';

/** Values over time. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  /** Seconds since 1970, and the value then. */
  readonly points: readonly (readonly [number, number])[];
}

export interface Alert {
  readonly name: string;
  readonly state: 'pending' | 'firing';
  readonly summary: string;
}

export interface Period {
  /** Seconds since 1970. */
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

/** Asks a Prometheus server. Everything fails with an Error where it does not answer, or not as it should. */
export interface PrometheusClient {
  range(query: string, period: Period): Promise<Series[]>;
  /** The values now. */
  now(query: string): Promise<Series[]>;
  /** Those that wait to fire, and those that do. */
  alerts(): Promise<Alert[]>;
}

/** One answer may take this long. Milliseconds. */
const ANSWER_MS = 5_000;

const point = z.tuple([z.number(), z.string().transform(Number)]);
const seriesSchema = z.object({
  result: z.array(z.object({ metric: z.record(z.string(), z.string()), values: z.array(point) })),
});
const valuesSchema = z.object({
  result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: point })),
});
const alertsSchema = z.object({
  alerts: z.array(
    z.object({
      state: z.enum(['pending', 'firing']),
      labels: z.record(z.string(), z.string()),
      annotations: z.record(z.string(), z.string()),
    }),
  ),
});

export function createPrometheusClient(url: string): PrometheusClient {
  async function ask<T>(schema: z.ZodType<T>, path: string, parameters: Record<string, string> = {}): Promise<T> {
    const address = new URL(`/api/v1/${path}?${new URLSearchParams(parameters).toString()}`, url);
    const response = await fetch(address, { signal: AbortSignal.timeout(ANSWER_MS) });
    if (!response.ok) throw new Error(`Prometheus answers ${response.status}: ${await response.text()}`);
    return schema.parse(((await response.json()) as { data: unknown }).data);
  }
  return {
    async range(query, { start, end, step }) {
      const parameters = { query, start: String(start), end: String(end), step: String(step) };
      const { result } = await ask(seriesSchema, 'query_range', parameters);
      return result.map(({ metric, values }) => ({ labels: metric, points: values }));
    },
    async now(query) {
      const { result } = await ask(valuesSchema, 'query', { query });
      return result.map(({ metric, value }) => ({ labels: metric, points: [value] }));
    },
    async alerts() {
      const { alerts } = await ask(alertsSchema, 'alerts');
      return alerts.map(({ state, labels, annotations }) => ({
        ...{ name: labels.alertname ?? '', state, summary: annotations.summary ?? '' },
      }));
    },
  };
}
