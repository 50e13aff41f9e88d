import { describe, expect, test } from 'vitest';
import { KUSTOMIZE, OVERLAYS, render } from './manifests.ts';
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

  test('every setting of the production overlay reaches its objects', () => {
    const yours = ['videos.example.com', 'traefik', 'letsencrypt', 'fast-ssd', 'shared-files', 'registry.example.com'];
    const text = JSON.stringify(render('overlays/production'));
    for (const value of yours) expect(text).toContain(value);
    // Not an object of the cluster: other objects are filled in from it.
    expect(text).not.toContain('"yours');
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
