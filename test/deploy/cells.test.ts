import { newApiKey } from '@cinematica/gateway/api-keys';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { KUSTOMIZE, ofKind, render, renderChanged } from './manifests.ts';
import type { Manifest } from './manifests.ts';
import { PUBLIC_SERVICES } from './public-services.ts';
import { schemaOf } from './schemas/schema-of.ts';

const k8s = resolve(import.meta.dirname, '../../deploy/k8s');

const backendRefs = z
  .array(z.looseObject({ name: z.string(), namespace: z.string().optional(), port: z.number() }))
  .default([]);
const httpRoute = z.looseObject({
  hostnames: z.array(z.string()),
  rules: z.array(
    z.looseObject({ matches: z.array(z.looseObject({ path: z.object({ value: z.string() }) })), backendRefs }),
  ),
});
const grpcRoute = z.looseObject({
  hostnames: z.array(z.string()),
  rules: z.array(
    z.looseObject({ matches: z.array(z.looseObject({ method: z.object({ service: z.string() }) })), backendRefs }),
  ),
});
const header = z.object({ type: z.literal('RegularExpression'), name: z.string(), value: z.string() });
const routerRoute = z.looseObject({
  rules: z.array(
    z.looseObject({ matches: z.array(z.object({ headers: z.array(header).length(1) })).default([]), backendRefs }),
  ),
});
const grant = z.object({
  from: z.array(z.object({ group: z.string(), kind: z.string(), namespace: z.string() })),
  to: z.array(z.object({ group: z.literal(''), kind: z.literal('Service'), name: z.string() })),
});

/** Renders production as an operator sets it up: a copy of its folder with another namespace, another host, and the Gateway API. */
async function renderCell(folder: string, namespace: string, host: string): Promise<Manifest[]> {
  const overlay = join(folder, 'overlays', namespace);
  await cp(join(folder, 'overlays/production'), overlay, { recursive: true });
  const file = join(overlay, 'kustomization.yaml');
  const text = await readFile(file, 'utf8');
  const changed = text
    .replace(/^namespace: cinematica$/m, `namespace: ${namespace}`)
    .replace('host=videos.example.com', `host=${host}`)
    .replace('grpc-host=grpc.videos.example.com', `grpc-host=grpc.${host}`)
    .replace('# - ../../components/gateway-api', '- ../../components/gateway-api');
  await writeFile(file, changed);
  return render(overlay);
}

describe.skipIf(KUSTOMIZE === null)('two installations in one cluster', () => {
  let folder: string;
  let first: Manifest[];
  let second: Manifest[];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cells-'));
    await cp(k8s, folder, { recursive: true });
    first = render('overlays/production');
    second = await renderCell(folder, 'cell-b', 'b.example.org');
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('share no object, and neither names the other', () => {
    const ids = (manifests: readonly Manifest[]) =>
      manifests.map(({ kind, metadata: { namespace = '', name } }) => `${kind} ${namespace}/${name}`);
    const others = new Set(ids(second));
    expect(ids(first).filter((id) => others.has(id))).toEqual([]);
    for (const manifest of second) {
      const { kind, metadata } = manifest;
      expect(kind === 'Namespace' ? metadata.name : metadata.namespace).toBe('cell-b');
      expect(schemaOf(manifest).safeParse(manifest).error?.issues ?? [], `${kind} ${metadata.name}`).toEqual([]);
      // Alerts, scalers and links of the first one would be blind or wrong here.
      expect(JSON.stringify(manifest)).not.toMatch(/namespace=.{1,3}cinematica\b|cinematica\.svc|videos\.example\.com/);
    }
    for (const rule of z
      .array(z.looseObject({ expr: z.string() }))
      .parse(
        ofKind(second, 'PrometheusRule').flatMap(({ spec }) =>
          (spec as { groups: { rules: object[] }[] }).groups.flatMap(({ rules }) => rules),
        ),
      )) {
      expect(rule.expr.match(/'[^']*'/g)).toEqual(["'cell-b'"]);
    }
    const scalers = ofKind(second, 'ScaledObject').map(({ spec }) => JSON.stringify(spec));
    for (const scaler of scalers) expect(scaler).toContain('"gateway.cell-b.svc:9091"');
    expect(scalers).toHaveLength(4);
  });

  test('the routes of the Gateway API lead to the same services as the Ingress, with reflection and health', () => {
    const http = httpRoute.parse(ofKind(second, 'HTTPRoute')[0]?.spec);
    const grpc = grpcRoute.parse(ofKind(second, 'GRPCRoute')[0]?.spec);
    expect(http.hostnames).toEqual(['b.example.org']);
    expect(grpc.hostnames).toEqual(['grpc.b.example.org']);
    const paths = http.rules.map(({ matches, backendRefs: [backend] }) => [
      backend?.name,
      matches.map(({ path }) => path.value),
    ]);
    expect(paths).toEqual([
      [
        'gateway',
        expect.arrayContaining([...PUBLIC_SERVICES.map((name) => `/${name}`), '/media', '/v1', '/openapi.json']),
      ],
      ['web', ['/']],
    ]);
    expect(grpc.rules.flatMap(({ matches }) => matches.map(({ method }) => method.service)).sort()).toEqual(
      [...PUBLIC_SERVICES].sort(),
    );
  });

  test('a cell lets in the router of the namespace that its settings name', async () => {
    const manifests = await renderChanged('overlays/production', (text) =>
      text
        .replace('router-namespace=cinematica-router', 'router-namespace=front')
        .replace('# - ../../components/gateway-api', '- ../../components/gateway-api'),
    );
    const { from } = grant.parse(ofKind(manifests, 'ReferenceGrant')[0]?.spec);
    expect(from.map(({ kind, namespace }) => `${kind} ${namespace}`)).toEqual(['HTTPRoute front', 'GRPCRoute front']);
  });

  test('the docs name the release of the Gateway API that has all versions of these kinds', async () => {
    // The first release whose standard channel has the version.
    const since: Readonly<Record<string, string>> = {
      'HTTPRoute gateway.networking.k8s.io/v1': '1.0',
      'GRPCRoute gateway.networking.k8s.io/v1': '1.1',
      'ReferenceGrant gateway.networking.k8s.io/v1': '1.5',
    };
    const kinds = [...second, ...render('overlays/router')]
      .map(({ kind, apiVersion }) => `${kind} ${apiVersion}`)
      .filter((kind) => kind.includes(' gateway.networking.k8s.io/'));
    const releases = kinds.map((kind) => since[kind] ?? `unknown: ${kind}`).sort();
    for (const file of ['../../docs/kubernetes.md', '../../deploy/k8s/overlays/production/kustomization.yaml']) {
      const text = await readFile(resolve(import.meta.dirname, file), 'utf8');
      expect(text, file).toMatch(new RegExp(`Gateway API \\(?${releases.at(-1)} or newer`));
    }
  });

  test('the router sends a key to its cell, which lets it', () => {
    const router = render('overlays/router');
    for (const kind of ['HTTPRoute', 'GRPCRoute']) {
      const [route] = ofKind(router, kind);
      expect(schemaOf(route!).safeParse(route).error?.issues ?? []).toEqual([]);
      const { rules } = routerRoute.parse(route?.spec);
      const cellOf = (name: string, value: string) =>
        rules.flatMap(({ matches, backendRefs: [backend] }) =>
          matches.some(({ headers: [one] }) => one?.name === name && new RegExp(one.value).test(value))
            ? [backend?.namespace]
            : [],
        );
      for (const [cell, namespace] of [
        ['a', 'cinematica'],
        ['b', 'cell-b'],
      ] as const) {
        expect(cellOf('authorization', `Bearer ${newApiKey(cell)}`)).toEqual([namespace]);
        expect(cellOf('x-api-key', newApiKey(cell))).toEqual([namespace]);
      }
      expect(cellOf('authorization', `Bearer ${newApiKey()}`)).toEqual([]);
      const { from, to } = grant.parse(ofKind(second, 'ReferenceGrant')[0]?.spec);
      expect(from).toContainEqual({ group: 'gateway.networking.k8s.io', kind, namespace: route?.metadata.namespace });
      expect(to).toContainEqual({ group: '', kind: 'Service', name: 'gateway' });
    }
  });
});
