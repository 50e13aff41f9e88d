import { z } from 'zod';

/** The newest value of one time series. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const answerSchema = z.object({
  data: z.object({
    result: z.array(
      z.object({
        metric: z.record(z.string(), z.string()),
        value: z.tuple([z.number(), z.string().transform(Number)]),
      }),
    ),
  }),
});

/**
 * Evaluates a query now.
 *
 * @param server the URL of a Prometheus server
 * @throws when the server does not answer, or answers with something else than an instant vector
 */
export async function queryPrometheus(server: string, query: string): Promise<Sample[]> {
  const response = await fetch(new URL(`/api/v1/query?${new URLSearchParams({ query }).toString()}`, server));
  const { data } = answerSchema.parse(await response.json());
  return data.result.map(({ metric, value: [, value] }) => ({ labels: metric, value }));
}
