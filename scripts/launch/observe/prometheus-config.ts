import { parse, stringify } from 'yaml';
import { z } from 'zod';

/** A service that Prometheus reads from. */
export interface Target {
  readonly name: string;
  /** On this machine. */
  readonly port: number;
}

/** How often the services are read, and the rules looked at. */
const INTERVAL = '2s';

/** Prometheus' configuration. The labels are those that pods have in a cluster: rules and dashboard ask for them. */
export function prometheusConfig(targets: readonly Target[], rulesFile: string): string {
  return stringify({
    global: { scrape_interval: INTERVAL, scrape_timeout: INTERVAL, evaluation_interval: INTERVAL },
    rule_files: [rulesFile],
    scrape_configs: [
      {
        job_name: 'cinematica',
        static_configs: targets.map(({ name, port }) => ({
          targets: [`127.0.0.1:${port}`],
          // A service has another port at each start, and is the same one.
          labels: { namespace: 'cinematica', container: name, pod: name, instance: name },
        })),
      },
    ],
  });
}

const manifestSchema = z.object({ spec: z.object({ groups: z.array(z.unknown()) }) });

/** @param manifest a PrometheusRule of Kubernetes. @returns the same rules in a file as Prometheus itself reads it */
export const rulesOf = (manifest: string): string => stringify(manifestSchema.parse(parse(manifest)).spec);
