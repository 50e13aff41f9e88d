import { z } from 'zod';

const schema = z.object({
  panels: z.array(
    z.object({
      title: z.string(),
      description: z.string().optional(),
      fieldConfig: z.object({ defaults: z.object({ unit: z.string().default('short') }) }),
      targets: z.array(z.object({ expr: z.string(), legendFormat: z.string().default('') })),
    }),
  ),
});

/** What a panel of Grafana's dashboard shows. */
export interface Panel {
  readonly title: string;
  readonly description: string;
  readonly unit: string;
  readonly queries: readonly { readonly expr: string; readonly legend: string }[];
}

/** Reads the panels of a dashboard for Grafana. */
export const readPanels = (json: string): Panel[] =>
  schema.parse(JSON.parse(json)).panels.map(({ title, description = '', fieldConfig, targets }) => ({
    ...{ title, description, unit: fieldConfig.defaults.unit },
    queries: targets.map(({ expr, legendFormat: legend }) => ({ expr, legend })),
  }));

/** What a series is called, as Grafana would. @param legend such as `{{stage}} median` */
export const nameSeries = (legend: string, labels: Readonly<Record<string, string>>): string =>
  legend.replaceAll(/\{\{\s*(\w+)\s*\}\}/g, (_, label: string) => labels[label] ?? '').trim();
