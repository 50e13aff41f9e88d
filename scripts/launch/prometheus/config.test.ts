import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { prometheusConfig } from './config.ts';
import { readAlertRules } from './supervise-prometheus.ts';

test('the configuration scrapes every service with the labels that it has in a cluster', () => {
  const config = parse(prometheusConfig([{ name: 'muxer', port: 4711 }], 'rules.yml')) as unknown;
  expect(config).toMatchObject({
    rule_files: ['rules.yml'],
    scrape_configs: [
      {
        static_configs: [
          {
            targets: ['127.0.0.1:4711'],
            labels: { namespace: 'cinematica', container: 'muxer', instance: 'muxer' },
          },
        ],
      },
    ],
  });
});

test('the alert rules are the ones that a cluster gets', async () => {
  const rules = parse(await readAlertRules()) as { groups: { rules: { alert: string }[] }[] };
  const names = rules.groups.flatMap((group) => group.rules.map(({ alert }) => alert));
  expect(names).toEqual(expect.arrayContaining(['CinematicaGatewayDown', 'CinematicaStageStands', 'CinematicaGpuXid']));
});
