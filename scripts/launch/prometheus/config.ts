import { parse, stringify } from 'yaml';
import { z } from 'zod';

/** A service whose metrics Prometheus reads. */
export interface Target {
  readonly name: string;
  /** Its metrics port, on the loopback address. */
  readonly port: number;
}

/** How often metrics are read and alert rules are evaluated. */
const INTERVAL = '2s';

/** Prometheus' configuration. The labels are the ones that pods have in a cluster, because the alert rules use them. */
export function prometheusConfig(targets: readonly Target[], rulesFile: string): string {
  return stringify({
    global: { scrape_interval: INTERVAL, scrape_timeout: INTERVAL, evaluation_interval: INTERVAL },
    rule_files: [rulesFile],
    scrape_configs: [
      {
        job_name: 'cinematica',
        static_configs: targets.map(({ name, port }) => ({
          targets: [`127.0.0.1:${port}`],
          // The port changes with every start. A fixed instance label keeps one time series per service.
          labels: { namespace: 'cinematica', container: name, pod: name, instance: name },
        })),
      },
    ],
  });
}

const manifestSchema = z.object({ spec: z.object({ groups: z.array(z.unknown()) }) });

/**
 * Converts Kubernetes' alert rules to a rule file of Prometheus.
 *
 * @param manifests PrometheusRules as YAML
 */
export const rulesOf = (manifests: readonly string[]): string =>
  stringify({ groups: manifests.flatMap((manifest) => manifestSchema.parse(parse(manifest)).spec.groups) });
