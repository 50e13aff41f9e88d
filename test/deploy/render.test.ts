import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { KUSTOMIZE, OVERLAYS, render } from './manifests.ts';
import type { Manifest } from './manifests.ts';

const read = (name: string) =>
  z
    .record(z.string(), z.looseObject({}))
    .parse(JSON.parse(readFileSync(join(import.meta.dirname, 'schemas', name), 'utf8')));
const kubernetes = read('kubernetes.json');
const custom = read('custom-resources.json');
const DRAFT = 'http://json-schema.org/draft-07/schema#' as const;

/** The schema of an object in the Kubernetes API. Unknown fields are errors. */
function schemaOf({ apiVersion, kind }: Pick<Manifest, 'apiVersion' | 'kind'>) {
  const other = custom[`${apiVersion}/${kind}`];
  if (other) return z.fromJSONSchema({ $schema: DRAFT, ...other });
  const [version = '', group = 'core'] = apiVersion.split('/').reverse();
  const name = `io.k8s.api.${group.split('.')[0] ?? ''}.${version}.${kind}`;
  if (!kubernetes[name])
    throw new Error(`no schema for ${apiVersion} ${kind}: add it by test/deploy/schemas/extract.ts`);
  return z.fromJSONSchema({ $schema: DRAFT, definitions: kubernetes, $ref: `#/definitions/${name}` });
}

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
