import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { FREE_SHARE } from '@cinematica/pipeline';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { CASES } from './alerts/cases.ts';
import { promtool, PROMTOOL, unitTests } from './alerts/promtool.ts';
import { configData, KUSTOMIZE, ofKind, render } from './manifests.ts';

const root = resolve(import.meta.dirname, '../..');

const rulesSchema = z.object({
  groups: z.array(
    z.object({
      name: z.string(),
      rules: z.array(
        z.looseObject({
          alert: z.string(),
          expr: z.string(),
          labels: z.record(z.string(), z.string()),
          annotations: z.record(z.string(), z.string()),
        }),
      ),
    }),
  ),
});
const dashboardSchema = z.looseObject({
  panels: z.array(
    z.looseObject({ id: z.number(), title: z.string(), targets: z.array(z.looseObject({ expr: z.string() })).min(1) }),
  ),
});

/** Metrics of the cluster, of NATS' and NVIDIA's exporters and of Node, which are not checked. */
const FOREIGN = /^(kubelet_|kube_|container_|certmanager_|gnatsd_|jetstream_|DCGM_|nodejs_|process_|up$)/;

/** The names of metrics in a query. */
const metricsIn = (query: string): string[] =>
  [
    ...query
      .replaceAll(/"[^"]*"|\{[^}]*\}|\b(?:by|on|group_left|without) \([^)]*\)/g, ' ')
      .matchAll(/\b[a-z][a-z0-9]*(?:_[a-z0-9]+)+\b|\bDCGM_\w+\b|\bup\b/g),
  ]
    .map(([name]) => name)
    .filter(
      (name) =>
        ![
          'histogram_quantile',
          'min_over_time',
          'max_over_time',
          'last_over_time',
          'group_left',
          'predict_linear',
          'label_replace',
        ].includes(name),
    );

/** Every metric that the sources of the services declare, including the series of histograms. */
function declared(): Set<string> {
  const sources = execFileSync(
    'grep',
    [
      '-rhoE',
      "name: '(cinematica_[a-z0-9_]+)'",
      'packages',
      'services',
      '--include=*.ts',
      '--exclude-dir=node_modules',
    ],
    {
      cwd: root,
      encoding: 'utf8',
    },
  );
  const names = [...sources.matchAll(/'(.*)'/g)].map(([, name = '']) => name);
  return new Set(names.flatMap((name) => [name, ...['bucket', 'sum', 'count'].map((part) => `${name}_${part}`)]));
}

describe.skipIf(KUSTOMIZE === null)('monitoring', () => {
  const manifests = KUSTOMIZE === null ? [] : render('overlays/production');
  const rules =
    KUSTOMIZE === null
      ? { groups: [] }
      : {
          groups: ofKind(manifests, 'PrometheusRule').flatMap(({ spec }) => rulesSchema.parse(spec).groups),
        };
  const alerts = rules.groups.flatMap((group) => group.rules);

  test.skipIf(PROMTOOL === null)('promtool accepts the alert rules', async () => {
    const said = await promtool({ 'rules.yaml': rules }, 'check', 'rules', '--lint=all', '--lint-fatal', 'rules.yaml');
    expect(said).toContain(`${alerts.length} rules found`);
  });

  test.skipIf(PROMTOOL === null)(
    'every alert fires with its text, and stays silent on the other side of its limit',
    async () => {
      expect(alerts.map(({ alert }) => alert.replace('Cinematica', '')).sort()).toEqual(Object.keys(CASES).sort());
      // Each with its own rule file: promtool evaluates every rule of a file at every minute of each test.
      const files = alerts.flatMap((rule): [string, object][] => [
        [`${rule.alert}.rules.yaml`, { groups: [{ name: rule.alert, rules: [rule] }] }],
        [
          `${rule.alert}.yaml`,
          {
            rule_files: [`${rule.alert}.rules.yaml`],
            evaluation_interval: '1m',
            tests: unitTests(rule, CASES[rule.alert.replace('Cinematica', '')]!),
          },
        ],
      ]);
      const tests = files.map(([name]) => name).filter((name) => !name.endsWith('.rules.yaml'));
      expect((await promtool(Object.fromEntries(files), 'test', 'rules', ...tests)).match(/SUCCESS/g)).toHaveLength(
        tests.length,
      );
    },
  );

  test('the alerts of volumes have the limit for which the volumes are sized', () => {
    const expressions = alerts.filter(({ alert }) => alert.endsWith('VolumeFilling')).map(({ expr }) => expr.trim());
    expect(expressions).toHaveLength(2);
    for (const expression of expressions) expect(expression.endsWith(` < ${FREE_SHARE}`), expression).toBe(true);
  });

  test('alerts and the dashboard query existing metrics', () => {
    const dashboard = dashboardSchema.parse(
      JSON.parse(configData(manifests, 'cinematica-dashboard')['cinematica.json'] ?? ''),
    );
    const queries = [
      ...alerts.map(({ expr }) => expr),
      ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
    ];
    const ours = declared();
    const asked = queries.flatMap((query) => {
      const names = metricsIn(query);
      expect(names.length, query).toBeGreaterThan(0);
      return names;
    });
    expect(asked.filter((name) => !FOREIGN.test(name) && !ours.has(name))).toEqual([]);
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
  });

  test('every alert is described in docs/operations.md', async () => {
    const page = await readFile(join(root, 'docs/operations.md'), 'utf8');
    const headings = [...page.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading);
    for (const { alert, annotations } of alerts) {
      expect(headings, alert).toContain(alert);
      expect(annotations.runbook_url).toMatch(/^https:\/\//);
      expect(annotations.runbook_url).toMatch(new RegExp(`/docs/operations\\.md#${alert.toLowerCase()}$`));
    }
    const written = headings.filter((heading) => heading.startsWith('Cinematica'));
    expect(written.sort()).toEqual(alerts.map(({ alert }) => alert).sort());
  });
});
