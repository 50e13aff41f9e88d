import { expect } from 'vitest';
import { z } from 'zod';
import { ofKind } from './manifests.ts';
import type { Manifest, Workload } from './manifests.ts';

/** They share a node with computing pods and must respond quickly. CPU limits would throttle them. */
const WITHOUT_CPU_LIMIT = ['gateway', 'web', 'nats'];

/** Its one pod has the only volume, so there are no other pods to spread it from, and every disruption interrupts it. */
const SINGLE = ['s3-server'];

/** A full version or a digest. Other tags may name another image tomorrow. */
const IMMUTABLE = /^[\w.\-/]+(:\d{1,5}\/[\w.\-/]+)?(:v?\d+\.\d+\.\d+[\w.-]*)?(@sha256:[0-9a-f]{64})?$/;

const restricted = z.looseObject({
  runAsNonRoot: z.literal(true),
  runAsUser: z.number().int().min(1),
  seccompProfile: z.object({ type: z.literal('RuntimeDefault') }),
});
const confined = z.strictObject({
  allowPrivilegeEscalation: z.literal(false),
  readOnlyRootFilesystem: z.literal(true),
  capabilities: z.strictObject({ drop: z.tuple([z.literal('ALL')]) }),
});
const pod = z.looseObject({
  automountServiceAccountToken: z.literal(false),
  enableServiceLinks: z.literal(false),
  hostNetwork: z.literal(false).optional(),
  hostPID: z.literal(false).optional(),
  hostIPC: z.literal(false).optional(),
});
/** The part of the profile “restricted” that the pods need. */
const VOLUMES = ['configMap', 'emptyDir', 'persistentVolumeClaim', 'secret'];
const probe = z.looseObject({}).optional();
const lived = z.looseObject({
  readinessProbe: probe,
  livenessProbe: probe,
  startupProbe: probe,
  lifecycle: z
    .looseObject({ preStop: z.looseObject({ sleep: z.object({ seconds: z.number() }).optional() }) })
    .optional(),
});

/** A quantity of Kubernetes in bytes; NaN without one. */
export const bytes = (quantity: string | number | undefined): number => {
  const [, value = '', unit = ''] = /^([\d.]+)(Ki|Mi|Gi|Ti)?$/.exec(String(quantity ?? '')) ?? [];
  const power = ['', 'Ki', 'Mi', 'Gi', 'Ti'].indexOf(unit);
  return value === '' ? Number.NaN : Number(value) * 1024 ** power;
};
export const containersOf = ({ spec }: Workload) => [...spec.initContainers, ...spec.containers];

/** The Pod Security Standard “restricted”, a read-only root file system, and no token of the API server. */
export function expectRestricted(workload: Workload): void {
  const { spec } = workload;
  pod.parse(spec);
  restricted.parse(spec.securityContext);
  for (const container of containersOf(workload)) confined.parse(container.securityContext);
  for (const { name, ...source } of spec.volumes) {
    expect(VOLUMES, name).toContain(Object.keys(source)[0]);
    const { emptyDir } = z.looseObject({ emptyDir: z.looseObject({ sizeLimit: z.string() }).optional() }).parse(source);
    if (emptyDir) expect(bytes(emptyDir.sizeLimit), name).toBeGreaterThan(0);
  }
}

export function expectFixedImages(workload: Workload): void {
  for (const { image } of containersOf(workload)) {
    expect(image).toMatch(IMMUTABLE);
    expect(image, 'neither version nor digest').toMatch(/:v?\d|@sha256:/);
  }
}

export function expectLimits(workload: Workload): void {
  for (const { resources } of containersOf(workload)) {
    expect(resources.requests).toMatchObject({
      cpu: expect.anything() as unknown,
      memory: expect.anything() as unknown,
    });
    expect(bytes(resources.limits.memory)).toBeGreaterThanOrEqual(bytes(resources.requests.memory));
    if (!WITHOUT_CPU_LIMIT.includes(workload.name)) expect(resources.limits).toHaveProperty('cpu');
  }
}

/** Probes, topology spread and a disruption budget, which Jobs do not need. */
export function expectAvailability({ name, kind, spec }: Workload, manifests: readonly Manifest[]): void {
  if (kind === 'Job' || kind === 'CronJob') return;
  const { readinessProbe, livenessProbe } = lived.parse(spec.containers[0]);
  expect(readinessProbe).toBeDefined();
  expect(livenessProbe).toBeDefined();
  if (SINGLE.includes(name)) return;
  const { topologySpreadConstraints } = z
    .looseObject({ topologySpreadConstraints: z.array(z.looseObject({ topologyKey: z.string() })) })
    .parse(spec);
  expect(topologySpreadConstraints.map(({ topologyKey }) => topologyKey)).toEqual([
    'kubernetes.io/hostname',
    'topology.kubernetes.io/zone',
  ]);
  const budgets = ofKind(manifests, 'PodDisruptionBudget').filter(({ metadata }) => metadata.name === name);
  expect(budgets.map((budget) => budget.spec)).toEqual([
    { maxUnavailable: 1, selector: { matchLabels: { 'app.kubernetes.io/name': name } } },
  ]);
}
