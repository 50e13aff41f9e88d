import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { readConfig } from '@cinematica/pipeline/service';
import { describe, expect, test } from 'vitest';
import { KUSTOMIZE, ofKind, renderChanged, workloadsOf } from './manifests.ts';
import type { Manifest } from './manifests.ts';
import { expectAvailability, expectFixedImages, expectLimits, expectRestricted } from './policies.ts';
import { schemaOf } from './schemas/schema-of.ts';
import { environmentIn, SERVICES } from './services.ts';

const root = resolve(import.meta.dirname, '../..');

/** The components that may be left out. */
const OPTIONAL = ['weights', 'backup', 'keda', 'monitoring', 'traces', 'tls', 'push'];

const lineOf = (component: string) => `  - ../../components/${component}\n`;
const without = (kustomization: string, ...components: readonly string[]) =>
  components.reduce((text, component) => text.replace(lineOf(component), ''), kustomization);

describe.skipIf(KUSTOMIZE === null)('production', () => {
  test.each([
    ...OPTIONAL.map((component) => ['overlays/production', component] as const),
    // The component one-gpu changes objects of these two.
    ...['keda', 'monitoring'].map((component) => ['overlays/one-gpu', component] as const),
  ])('%s without %s is valid and follows the policies', async (overlay, component) => {
    expectValid(await renderChanged(overlay, (text) => without(text, component)));
  });

  test.each(['overlays/production', 'overlays/one-gpu'] as const)(
    '%s without all of them is valid and follows the policies',
    async (overlay) => expectValid(await renderChanged(overlay, (text) => without(text, ...OPTIONAL))),
  );

  test('is valid and follows the policies with gateway-api instead of tls', async () => {
    const manifests = await renderChanged('overlays/production', (text) =>
      without(text, 'tls').replace('# - ../../components/gateway-api', '- ../../components/gateway-api'),
    );
    expect(ofKind(manifests, 'Ingress')).toEqual([]);
    expect(ofKind(manifests, 'HTTPRoute')).toHaveLength(1);
    expectValid(manifests);
  });
});

function expectValid(manifests: readonly Manifest[]): void {
  for (const manifest of manifests) {
    const { error } = schemaOf(manifest).safeParse(manifest);
    expect(error?.issues ?? [], `${manifest.kind} ${manifest.metadata.name}`).toEqual([]);
  }
  for (const workload of workloadsOf(manifests)) {
    expectRestricted(workload);
    expectFixedImages(workload);
    expectLimits(workload);
    expectAvailability(workload, manifests);
  }
  for (const [name, schema] of Object.entries(SERVICES)) {
    const set = environmentIn(manifests, name);
    for (const variable of Object.keys(set)) expect(Object.keys(schema.shape), name).toContain(variable);
    readConfig(schema, set);
  }
}

test('the docs name the components that may be left out', async () => {
  const page = await readFile(resolve(root, 'docs/kubernetes.md'), 'utf8');
  const [section = ''] = /^### Leave out components\n[^#]*/m.exec(page) ?? [];
  const names = [...section.matchAll(/^- `([\w-]+)`:/gm)].map(([, name]) => name);
  expect(names).toEqual(OPTIONAL);
  const kustomization = await readFile(resolve(root, 'deploy/k8s/overlays/production/kustomization.yaml'), 'utf8');
  const used = [...kustomization.matchAll(/^ {2}- \.\.\/\.\.\/components\/([\w-]+)$/gm)].map(([, name]) => name);
  expect(used.filter((name) => name !== 'gpu')).toEqual(OPTIONAL);
});
