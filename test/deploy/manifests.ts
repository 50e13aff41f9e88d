import { execFileSync } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { findProgram } from '../../scripts/setup/find-program.mjs';

/** The path of kustomize, which the set-up installs; null when it could not be installed. */
export const KUSTOMIZE = process.env.KUSTOMIZE ?? findProgram('kustomize');

/** The folders in deploy/k8s that can be applied. */
export const OVERLAYS = [
  'base',
  'overlays/local-cpu',
  'overlays/local-cpu-s3',
  'overlays/production',
  'overlays/one-gpu',
] as const;

/** Whether an overlay is for production, in one of its shapes. */
export const isProduction = (overlay: (typeof OVERLAYS)[number]): boolean =>
  overlay === 'overlays/production' || overlay === 'overlays/one-gpu';

/** Whether an S3 server runs beside the services. */
export const hasS3Server = (overlay: (typeof OVERLAYS)[number]): boolean => overlay === 'overlays/local-cpu-s3';

/** Whether the denoiser and the decoder share a pod. */
export const sharesGpu = (overlay: (typeof OVERLAYS)[number]): boolean => overlay === 'overlays/one-gpu';

const k8s = resolve(import.meta.dirname, '../../deploy/k8s');

const labels = z.record(z.string(), z.string()).default({});
const objectSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional(), labels }),
});
/** An object of the Kubernetes API. */
export type Manifest = z.output<typeof objectSchema>;

const reference = z.looseObject({ name: z.string() });
const variable = z.looseObject({
  name: z.string(),
  value: z.string().optional(),
  valueFrom: z
    .object({
      secretKeyRef: z.object({ name: z.string(), key: z.string() }).optional(),
      fieldRef: z.object({ fieldPath: z.string() }).optional(),
      resourceFieldRef: z.object({ resource: z.string() }).optional(),
    })
    .optional(),
});
const quantities = z.record(z.string(), z.union([z.string(), z.number()])).default({});
const containerSchema = z.looseObject({
  name: z.string(),
  image: z.string(),
  command: z.array(z.string()).default([]),
  args: z.array(z.string()).default([]),
  env: z.array(variable).default([]),
  envFrom: z.array(z.object({ configMapRef: reference })).default([]),
  ports: z.array(z.object({ name: z.string(), containerPort: z.number() })).default([]),
  resources: z.looseObject({ requests: quantities, limits: quantities }),
  securityContext: z.looseObject({}),
  volumeMounts: z.array(
    z.looseObject({ name: z.string(), mountPath: z.string(), readOnly: z.boolean().default(false) }),
  ),
});
export type Container = z.output<typeof containerSchema>;

const templateSchema = z.object({
  metadata: z.looseObject({ labels }),
  spec: z.looseObject({
    containers: z.array(containerSchema),
    initContainers: z.array(containerSchema).default([]),
    volumes: z.array(z.looseObject({ name: z.string() })).default([]),
    terminationGracePeriodSeconds: z.number().default(30),
    securityContext: z.looseObject({}),
  }),
});

/** An object that creates pods. */
export interface Workload {
  readonly kind: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: z.output<typeof templateSchema>['spec'];
}

/**
 * Renders a folder of deploy/k8s.
 * @param folder one of {@link OVERLAYS}, or the absolute path of another kustomization.
 * @throws Error with the output of kustomize
 */
export function render(folder: string): Manifest[] {
  if (KUSTOMIZE === null) throw new Error('kustomize is not there');
  const text = execFileSync(KUSTOMIZE, ['build', resolve(k8s, folder)], { encoding: 'utf8', maxBuffer: 2 ** 26 });
  return parseAllDocuments(text).map((document) => objectSchema.parse(document.toJS()));
}

/**
 * Renders an overlay as an operator does who has edited the file of the production overlay.
 * @param change gets the text of that file.
 */
export async function renderChanged(
  overlay: 'overlays/production' | 'overlays/one-gpu',
  change: (kustomization: string) => string,
): Promise<Manifest[]> {
  const folder = await mkdtemp(join(tmpdir(), 'cinematica-overlay-'));
  try {
    await cp(k8s, folder, { recursive: true });
    const file = join(folder, 'overlays/production/kustomization.yaml');
    const text = await readFile(file, 'utf8');
    const changed = change(text);
    if (changed === text) throw new Error('the change does not fit the file any more');
    await writeFile(file, changed);
    return render(join(folder, overlay));
  } finally {
    await rm(folder, { recursive: true });
  }
}

const jobOf = (spec: unknown) =>
  z.object({ jobTemplate: z.object({ spec: z.looseObject({}) }) }).parse(spec).jobTemplate.spec;

const WORKLOADS = ['Deployment', 'StatefulSet', 'Job', 'CronJob', 'DaemonSet', 'Pod', 'ReplicaSet'];

export function workloadsOf(manifests: readonly Manifest[]): Workload[] {
  return manifests
    .filter(({ kind }) => WORKLOADS.includes(kind))
    .map(({ kind, metadata, spec }) => {
      const { template } = z.object({ template: templateSchema }).parse(kind === 'CronJob' ? jobOf(spec) : spec);
      return { kind, name: metadata.name, labels: template.metadata.labels, spec: template.spec };
    });
}

export const ofKind = (manifests: readonly Manifest[], kind: string): Manifest[] =>
  manifests.filter((manifest) => manifest.kind === kind);

const configMap = z.object({ data: z.record(z.string(), z.string()) });

/** The data of a ConfigMap, found by its name in the kustomization, without the hash. */
export function configData(manifests: readonly Manifest[], name: string): Record<string, string> {
  const found = ofKind(manifests, 'ConfigMap').find(
    ({ metadata }) => metadata.name === name || metadata.name.replace(/-[a-z0-9]{10}$/, '') === name,
  );
  if (!found) throw new Error(`there is no ConfigMap ${name}`);
  return configMap.parse(found).data;
}

/**
 * The environment of a container. A value from a Secret is `secret`. References to fields of the pod have the values of a pod
 * of that workload.
 */
export function environmentOf(
  manifests: readonly Manifest[],
  container: Container,
  secret: (name: string, key: string) => string,
): Record<string, string> {
  const shared = container.envFrom.flatMap(({ configMapRef }) =>
    Object.entries(configData(manifests, configMapRef.name)),
  );
  const own = container.env.map(({ name, value, valueFrom }): [string, string] => {
    if (value !== undefined) return [name, value];
    if (valueFrom?.secretKeyRef) return [name, secret(valueFrom.secretKeyRef.name, valueFrom.secretKeyRef.key)];
    if (valueFrom?.fieldRef?.fieldPath === 'metadata.name') return [name, `${container.name}-0`];
    const limit = /^limits\.(.*)$/.exec(valueFrom?.resourceFieldRef?.resource ?? '')?.[1];
    if (limit !== undefined) return [name, String(container.resources.limits[limit])];
    throw new Error(`${container.name}: where ${name} comes from is not understood`);
  });
  return Object.fromEntries([...shared, ...own]);
}
