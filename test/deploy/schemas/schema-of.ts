import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Manifest } from '../manifests.ts';

const read = (name: string) =>
  z.record(z.string(), z.looseObject({})).parse(JSON.parse(readFileSync(join(import.meta.dirname, name), 'utf8')));
const kubernetes = read('kubernetes.json');
const custom = read('custom-resources.json');
const DRAFT = 'http://json-schema.org/draft-07/schema#' as const;

/** The schema of an object in the Kubernetes API. Unknown fields are errors. */
export function schemaOf({ apiVersion, kind }: Pick<Manifest, 'apiVersion' | 'kind'>) {
  const other = custom[`${apiVersion}/${kind}`];
  if (other) return z.fromJSONSchema({ $schema: DRAFT, ...other });
  const [version = '', group = 'core'] = apiVersion.split('/').reverse();
  const name = `io.k8s.api.${group.split('.')[0] ?? ''}.${version}.${kind}`;
  if (!kubernetes[name])
    throw new Error(`no schema for ${apiVersion} ${kind}: add it by test/deploy/schemas/extract.ts`);
  return z.fromJSONSchema({ $schema: DRAFT, definitions: kubernetes, $ref: `#/definitions/${name}` });
}
