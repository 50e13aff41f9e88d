import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { prometheusConfig, rulesOf } from './config.ts';

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
  const file = join(import.meta.dirname, '../../../deploy/k8s/components/monitoring/alerts.yaml');
  const rules = parse(rulesOf(await readFile(file, 'utf8'))) as { groups: { rules: { alert: string }[] }[] };
  expect(rules.groups[0]!.rules.map(({ alert }) => alert)).toContain('CinematicaStageStands');
});
