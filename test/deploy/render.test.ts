import { describe, expect, test } from 'vitest';
import { KUSTOMIZE, OVERLAYS, render, renderChanged } from './manifests.ts';
import { schemaOf } from './schemas/schema-of.ts';

describe.skipIf(KUSTOMIZE === null)('every overlay renders to valid objects', () => {
  test.each(OVERLAYS)('%s', (overlay) => {
    const manifests = render(overlay);
    for (const manifest of manifests) {
      const result = schemaOf(manifest).safeParse(manifest);
      expect(result.error?.issues ?? [], `${manifest.kind} ${manifest.metadata.name}`).toEqual([]);
      const everywhere = manifest.kind === 'Namespace' ? undefined : 'cinematica';
      expect(manifest.metadata.namespace, `${manifest.kind} ${manifest.metadata.name}`).toBe(everywhere);
    }
    // Two objects with the same name would overwrite each other.
    const names = manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(new Set(names).size).toBe(names.length);
  });

  test('every value in the list of the production overlay reaches an object', async () => {
    const values: string[] = [];
    const manifests = await renderChanged('overlays/production', (text) => {
      const [list = ''] = /^ {2}- name: yours\n {4}literals:\n(?: {6}.*\n)+/m.exec(text) ?? [];
      // Another value for each, which is found nowhere else.
      const changed = list.replaceAll(/^( {6}- [\w-]+)=(.*)$/gm, (_, key: string, value: string) => {
        const number = String(70_001 + values.length);
        const other = /\d/.test(value)
          ? value.replaceAll(/\d+/g, number)
          : value.replace(/\w+(?=[^\w]*$)/, `other${number}`);
        values.push(other);
        return `${key}=${other}`;
      });
      return text.replace(list, changed).replace('# - ../../components/gateway-api', '- ../../components/gateway-api');
    });
    const text = JSON.stringify(manifests);
    expect(values.length).toBeGreaterThan(25);
    expect(values.filter((value) => !text.includes(value))).toEqual([]);
    // Not an object of the cluster: other objects are filled in from it.
    expect(text).not.toContain('"yours');
  });

  test('the patches that are commented out in the production overlay apply', async () => {
    const manifests = await renderChanged('overlays/production', (text) =>
      text.replaceAll(/^ {2}# - target: .*\n(?: {2}# {3}.*\n)+/gm, (patch) => patch.replaceAll(/^ {2}# /gm, '  ')),
    );
    for (const manifest of manifests) {
      const { error } = schemaOf(manifest).safeParse(manifest);
      expect(error?.issues ?? [], `${manifest.kind} ${manifest.metadata.name}`).toEqual([]);
    }
    const textOf = (kind: string, name: string) =>
      JSON.stringify(manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name)?.spec);
    expect(textOf('Deployment', 'denoiser')).toContain('"runtimeClassName":"nvidia"');
    expect(textOf('Job', 'weights')).toContain('{"name":"HF_ENDPOINT","value":"https://hub.example.com"}');
    expect(textOf('NetworkPolicy', 'weights-to-internet')).toContain('"10.0.0.7/32"');
    expect(textOf('NetworkPolicy', 'spans-to-collector')).toContain('"203.0.113.7/32"');
  });

  test('the images of the production overlay come from its registry', () => {
    expect(JSON.stringify(render('overlays/production'))).not.toMatch(/"cinematica\/(service|gpu):/);
  });

  test('the Prometheus of kube-prometheus-stack selects all rules and monitors, by the name of its release', () => {
    const selected = render('overlays/production').filter(
      ({ apiVersion }) => apiVersion === 'monitoring.coreos.com/v1',
    );
    expect(new Set(selected.map(({ kind }) => kind))).toEqual(new Set(['PodMonitor', 'PrometheusRule']));
    for (const { kind, metadata } of selected) {
      expect(metadata.labels, `${kind} ${metadata.name}`).toEqual({
        'app.kubernetes.io/part-of': 'cinematica',
        release: 'kube-prometheus-stack',
      });
    }
  });
});

test('unknown fields and invalid values are found', () => {
  const service = (spec: object) => ({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'x' }, spec });
  const faults = (manifest: ReturnType<typeof service>) =>
    schemaOf(manifest).safeParse(manifest).error?.issues.length ?? 0;
  expect(faults(service({ ports: [{ port: 1, targetPort: 'http' }] }))).toBe(0);
  expect(faults(service({ port: [] }))).toBe(1);
  expect(faults(service({ ports: [{ port: '1' }] }))).toBe(1);
  expect(faults(service({ ports: [{ targetPort: 1 }] }))).toBe(1);
});
