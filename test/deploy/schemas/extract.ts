/**
 * Extracts the schemas in this folder from the originals: the kinds that deploy/k8s uses, without descriptions. README.md in this
 * folder says where the originals are.
 *
 *   node test/deploy/schemas/extract.ts SWAGGER_JSON CRD_YAML...
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

const KINDS = [
  'io.k8s.api.apps.v1.Deployment',
  'io.k8s.api.apps.v1.StatefulSet',
  'io.k8s.api.batch.v1.CronJob',
  'io.k8s.api.batch.v1.Job',
  'io.k8s.api.core.v1.ConfigMap',
  'io.k8s.api.core.v1.Namespace',
  'io.k8s.api.core.v1.PersistentVolumeClaim',
  'io.k8s.api.core.v1.Secret',
  'io.k8s.api.core.v1.Service',
  'io.k8s.api.networking.v1.Ingress',
  'io.k8s.api.networking.v1.NetworkPolicy',
  'io.k8s.api.policy.v1.PodDisruptionBudget',
];

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

const swaggerSchema = z.object({ definitions: z.record(z.string(), z.json()) });
const crdSchema = z.object({
  spec: z.object({
    group: z.string(),
    names: z.object({ kind: z.string() }),
    versions: z.array(z.object({ name: z.string(), schema: z.object({ openAPIV3Schema: z.json() }) })),
  }),
});

const [swagger, ...crds] = process.argv.slice(2);
if (swagger === undefined) throw new Error('usage: node test/deploy/schemas/extract.ts SWAGGER_JSON CRD_YAML...');

const { definitions } = swaggerSchema.parse(JSON.parse(await readFile(swagger, 'utf8')));
const kept = new Map<string, Json>();
const keep = (name: string): void => {
  if (kept.has(name)) return;
  const text = JSON.stringify(strict(definitions[name] ?? {}));
  kept.set(name, JSON.parse(text) as Json);
  for (const [, other = ''] of text.matchAll(/"#\/definitions\/([^"]+)"/g)) keep(other);
};
KINDS.forEach(keep);
await write('kubernetes.json', kept);

const custom = new Map<string, Json>();
for (const file of crds) {
  const { spec } = crdSchema.parse(parse(await readFile(file, 'utf8')));
  // Older versions of a kind that has the version v1 are not used.
  const isStable = spec.versions.some(({ name }) => name === 'v1');
  for (const { name, schema } of spec.versions.filter((version) => !isStable || version.name === 'v1')) {
    custom.set(`${spec.group}/${name}/${spec.names.kind}`, strict(schema.openAPIV3Schema));
  }
}
await write('custom-resources.json', custom);

/** Removes descriptions, allows numbers for `int-or-string`, and forbids unknown fields of objects with known ones. */
function strict(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(strict);
  if (schema === null || typeof schema !== 'object') return schema;
  const node = schema as Readonly<Record<string, Json>>;
  if (node.format === 'int-or-string' || node['x-kubernetes-int-or-string'] === true) {
    return { anyOf: [{ type: 'integer' }, { type: 'string' }] };
  }
  if (typeof node.description === 'string' && node.description.startsWith('Quantity is a fixed-point')) {
    return { anyOf: [{ type: 'number' }, { type: 'string' }] };
  }
  const open = node['x-kubernetes-preserve-unknown-fields'] === true || node['x-kubernetes-embedded-resource'] === true;
  const entries = Object.entries(node)
    .filter(([key, value]) => !(key === 'description' && typeof value === 'string'))
    // JavaScript does not support all regular expressions of Go.
    .filter(([key, value]) => !(key === 'pattern' && typeof value === 'string' && value.includes('(?i)')))
    .filter(([key]) => key !== 'format' && key !== 'default' && !key.startsWith('x-kubernetes-'))
    .map(([key, value]): [string, Json] => [key, key === 'properties' ? strictEach(value) : strict(value)]);
  const closed = 'properties' in node && !('additionalProperties' in node) && !open;
  return { ...Object.fromEntries(entries), ...(closed ? { additionalProperties: false } : {}) };
}

/** Properties, which may themselves be called “description” or “default”. */
function strictEach(properties: Json): Json {
  return Object.fromEntries(
    Object.entries(properties as Record<string, Json>).map(([key, value]) => [key, strict(value)]),
  );
}

/** One line for each definition, so that the diff of an upgrade is readable. */
async function write(name: string, definitionsOf: ReadonlyMap<string, Json>): Promise<void> {
  const lines = [...definitionsOf]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
  await writeFile(join(import.meta.dirname, name), `{\n${lines.join(',\n')}\n}\n`);
}
