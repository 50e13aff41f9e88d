import {
  backupVolume,
  bucketLimit,
  FREE_SHARE,
  Lifetime,
  LIFETIMES,
  pipelineSettingsSchema,
  storageTotals,
  VIDEO_MIB,
} from '@cinematica/pipeline';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { hasS3Server, isProduction, KUSTOMIZE, ofKind, OVERLAYS, render, sharesGpu, workloadsOf } from './manifests.ts';
import type { Workload } from './manifests.ts';

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
const rollingUpdate = z.looseObject({ rollingUpdate: z.looseObject({ maxSurge: z.number() }) });
const claim = z.looseObject({ resources: z.object({ requests: z.object({ storage: z.string() }) }) });
const probe = z.looseObject({}).optional();
const lived = z.looseObject({
  readinessProbe: probe,
  livenessProbe: probe,
  startupProbe: probe,
  lifecycle: z
    .looseObject({ preStop: z.looseObject({ sleep: z.object({ seconds: z.number() }).optional() }) })
    .optional(),
});

const bytes = (quantity: string | number | undefined): number => {
  const [, value = '', unit = ''] = /^([\d.]+)(Ki|Mi|Gi|Ti)?$/.exec(String(quantity ?? '')) ?? [];
  const power = ['', 'Ki', 'Mi', 'Gi', 'Ti'].indexOf(unit);
  return value === '' ? Number.NaN : Number(value) * 1024 ** power;
};
const containersOf = ({ spec }: Workload) => [...spec.initContainers, ...spec.containers];

describe.skipIf(KUSTOMIZE === null).each(OVERLAYS)('%s', (overlay) => {
  const manifests = KUSTOMIZE === null ? [] : render(overlay);
  const workloads = workloadsOf(manifests);
  const services = workloads.filter(({ kind }) => kind !== 'Job' && kind !== 'CronJob');
  const each = (list: readonly Workload[]) => list.map((workload) => [workload.name, workload] as const);

  test('every service exists', () => {
    expect(workloads.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'gateway',
        'web',
        'encoder',
        'denoiser',
        ...(sharesGpu(overlay) ? [] : ['decoder']),
        'muxer',
        'outbound',
        'nats',
        'provisioner',
      ]),
    );
    const namespace = ofKind(manifests, 'Namespace').map(({ metadata }) => metadata.labels);
    expect(namespace).toEqual([expect.objectContaining({ 'pod-security.kubernetes.io/enforce': 'restricted' })]);
  });

  test.each(each(workloads))('%s meets the restricted standard', (_, workload) => {
    pod.parse(workload.spec);
    restricted.parse(workload.spec.securityContext);
    for (const container of containersOf(workload)) confined.parse(container.securityContext);
    for (const { name, ...source } of workload.spec.volumes) {
      expect(VOLUMES, name).toContain(Object.keys(source)[0]);
      const { emptyDir } = z
        .looseObject({ emptyDir: z.looseObject({ sizeLimit: z.string() }).optional() })
        .parse(source);
      if (emptyDir) expect(bytes(emptyDir.sizeLimit), name).toBeGreaterThan(0);
    }
  });

  test.each(each(workloads))('%s runs an image with a fixed tag or digest', (_, workload) => {
    for (const { image } of containersOf(workload)) {
      expect(image).toMatch(IMMUTABLE);
      expect(image, 'neither version nor digest').toMatch(/:v?\d|@sha256:/);
    }
  });

  test.each(each(workloads))('%s has requests and limits', (name, workload) => {
    for (const { resources } of containersOf(workload)) {
      expect(resources.requests).toMatchObject({
        cpu: expect.anything() as unknown,
        memory: expect.anything() as unknown,
      });
      expect(bytes(resources.limits.memory)).toBeGreaterThanOrEqual(bytes(resources.requests.memory));
      if (!WITHOUT_CPU_LIMIT.includes(name)) expect(resources.limits).toHaveProperty('cpu');
    }
  });

  test.each(each(services))('%s has probes, topology spread and a disruption budget', (name, workload) => {
    const [container] = workload.spec.containers;
    const { readinessProbe, livenessProbe } = lived.parse(container);
    expect(readinessProbe).toBeDefined();
    expect(livenessProbe).toBeDefined();
    if (SINGLE.includes(name)) return;
    const { topologySpreadConstraints } = z
      .looseObject({ topologySpreadConstraints: z.array(z.looseObject({ topologyKey: z.string() })) })
      .parse(workload.spec);
    expect(topologySpreadConstraints.map(({ topologyKey }) => topologyKey)).toEqual([
      'kubernetes.io/hostname',
      'topology.kubernetes.io/zone',
    ]);
    const budgets = ofKind(manifests, 'PodDisruptionBudget').filter(({ metadata }) => metadata.name === name);
    expect(budgets.map(({ spec }) => spec)).toEqual([
      { maxUnavailable: 1, selector: { matchLabels: { 'app.kubernetes.io/name': name } } },
    ]);
  });

  test('volumes and memory hold what the settings allow', () => {
    const [nats] = workloads.filter(({ name }) => name === 'nats').flatMap(containersOf);
    const sizeOf = (variable: string) => {
      const value = nats?.env.find(({ name }) => name === variable)?.value ?? '';
      return Number(/^(\d+)(?:MB|GB)$/.exec(value)?.[1]) * (value.endsWith('GB') ? 1024 : 1);
    };
    const maps = ofKind(manifests, 'ConfigMap').map(({ data }) => z.record(z.string(), z.string()).parse(data));
    const settings = pipelineSettingsSchema.parse(maps.find((data) => 'VIDEOS_PER_HOUR' in data));
    const limit = (lifetime: Lifetime) => bucketLimit(lifetime, settings);
    const [disk, memory] = [sizeOf('NATS_FILE_STORE'), sizeOf('NATS_MEMORY_STORE')];
    // Frames are kept in memory if there are replicas, and on disk otherwise.
    const alone = settings.NATS_REPLICAS === 1;
    const onDisk = LIFETIMES.filter((lifetime) => alone || lifetime !== Lifetime.FRAMES);
    // A twentieth is for records and queues.
    expect(onDisk.reduce((sum, lifetime) => sum + limit(lifetime), 0)).toBeLessThan(0.95 * disk);
    // When all buckets are full, so much of the volume is free that no alert fires.
    const volume = volumeOf('nats') / 1024 ** 2;
    expect(storageTotals(settings).disk).toBeLessThan((1 - FREE_SHARE) * volume);
    expect(disk).toBeLessThanOrEqual(0.9 * volume);
    const videos = settings.VIDEOS_PER_HOUR * settings.KEEP_HOURS;
    if (hasS3Server(overlay)) {
      expect(volumeOf('s3-server')).toBeGreaterThan((VIDEO_MIB.photos + VIDEO_MIB.media) * videos * 1024 ** 2);
    } else {
      expect(limit(Lifetime.MEDIA)).toBeGreaterThan(VIDEO_MIB.media * videos);
    }
    if (!alone) expect(limit(Lifetime.FRAMES)).toBeLessThan(memory);
    expect(bytes(nats?.resources.limits.memory)).toBeGreaterThan(memory * 1024 ** 2);
    if (!isProduction(overlay)) return;
    const [backup] = workloads.filter(({ name }) => name === 'backup').flatMap(containersOf);
    const keep = Number(backup?.env.find(({ name }) => name === 'BACKUP_KEEP')?.value);
    // A new one is complete before the oldest is removed.
    const backups = (keep + 1) * videos * (VIDEO_MIB.photos + VIDEO_MIB.media);
    expect(claimOf('backups')).toBeGreaterThan((backups * 1024 ** 2) / (1 - FREE_SHARE));
    expect(claimOf('backups')).toBeGreaterThan(backupVolume(keep, settings) * 1024 ** 2);
    expect(volumeOf('nats')).toBeGreaterThan(disk * 1024 ** 2);
  });

  function claimOf(name: string): number {
    const found = ofKind(manifests, 'PersistentVolumeClaim').find(({ metadata }) => metadata.name === name);
    return bytes(claim.parse(found?.spec).resources.requests.storage);
  }

  function volumeOf(statefulSet: string): number {
    const found = ofKind(manifests, 'StatefulSet').find(({ metadata }) => metadata.name === statefulSet);
    const { volumeClaimTemplates } = z
      .looseObject({ volumeClaimTemplates: z.tuple([z.looseObject({ spec: claim })]) })
      .parse(found?.spec);
    return bytes(volumeClaimTemplates[0].spec.resources.requests.storage);
  }
});

describe.skipIf(KUSTOMIZE === null).each(['overlays/local-cpu', 'overlays/local-cpu-s3'] as const)('%s', (overlay) => {
  test('fits a machine with four CPUs and 12 GiB, beside what a cluster needs for itself, also during an update', () => {
    const manifests = KUSTOMIZE === null ? [] : render(overlay);
    let [cpus, memory] = [0, 0];
    for (const { name, kind, spec } of workloadsOf(manifests)) {
      const { replicas = 1, strategy } = z
        .looseObject({ replicas: z.number().optional(), strategy: rollingUpdate.optional() })
        .parse(ofKind(manifests, kind).find(({ metadata }) => metadata.name === name)?.spec);
      // Without a strategy, Kubernetes adds a quarter of the pods of a Deployment, at least one, before it ends old ones.
      const surge = kind === 'Deployment' ? (strategy?.rollingUpdate.maxSurge ?? Math.ceil(replicas / 4)) : 0;
      for (const { resources } of spec.containers) {
        const cpu = String(resources.requests.cpu);
        cpus += (replicas + surge) * (cpu.endsWith('m') ? Number(cpu.slice(0, -1)) / 1000 : Number(cpu));
        memory += (replicas + surge) * bytes(resources.requests.memory);
      }
    }
    // The control plane, DNS and network of kind request 0.95 CPUs and 0.3 GiB.
    expect(cpus).toBeLessThan(3);
    expect(memory / 1024 ** 3).toBeLessThan(11.5);
  });
});

describe.skipIf(KUSTOMIZE === null).each(OVERLAYS.filter(isProduction))('production as %s', (overlay) => {
  const manifests = KUSTOMIZE === null ? [] : render(overlay);
  const workloads = workloadsOf(manifests);
  const affinity = z.looseObject({
    affinity: z.object({
      nodeAffinity: z.object({
        requiredDuringSchedulingIgnoredDuringExecution: z.object({
          nodeSelectorTerms: z.tuple([
            z.object({
              matchExpressions: z.tuple([
                z.object({
                  key: z.literal('nvidia.com/gpu.product'),
                  operator: z.string(),
                  values: z.array(z.string()).default([]),
                }),
              ]),
            }),
          ]),
        }),
      }),
    }),
  });
  const nodesOf = ({ spec }: Workload) =>
    affinity.parse(spec).affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0]
      .matchExpressions[0];

  test.each(workloads.map((workload) => [workload.name, workload] as const))(
    '%s has its kind of node',
    (name, workload) => {
      const { operator, values } = nodesOf(workload);
      const [container] = workload.spec.containers;
      const onGpu = ['denoiser', 'decoder'].includes(name);
      expect(operator).toBe(onGpu ? 'In' : 'DoesNotExist');
      expect(container?.resources.limits['nvidia.com/gpu']).toBe(onGpu ? 1 : undefined);
      expect(container?.image.includes('/gpu:')).toBe(onGpu);
      if (!onGpu) return;
      expect(workload.spec.tolerations).toEqual([{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }]);
      for (const value of values) expect(value).toContain('A100');
      expect(values).toHaveLength(8);
      const plain = values.filter((value) => !value.endsWith('-SHARED'));
      expect(values.filter((value) => value.endsWith('-SHARED'))).toEqual(plain.map((value) => `${value}-SHARED`));
    },
  );

  test('one Job writes the weights, and every service that opens the model reads them', () => {
    const writers = workloads.filter(({ spec }) =>
      spec.containers.some(({ volumeMounts }) =>
        volumeMounts.some(({ name, readOnly }) => name === 'weights' && !readOnly),
      ),
    );
    expect(writers.map(({ name }) => name)).toEqual(['weights']);
    const readers = workloads.filter(({ spec }) =>
      spec.containers.some(({ volumeMounts }) => volumeMounts.some(({ name }) => name === 'weights')),
    );
    expect(readers.map(({ name }) => name).sort()).toEqual([
      ...(sharesGpu(overlay) ? [] : ['decoder']),
      'denoiser',
      'encoder',
      'gateway',
      'provisioner',
      'weights',
    ]);
  });

  test('the largest fleet has enough workers of every stage', () => {
    const most = (stage: string) =>
      z
        .looseObject({ maxReplicaCount: z.number() })
        .parse(ofKind(manifests, 'ScaledObject').find(({ metadata }) => metadata.name === stage)?.spec).maxReplicaCount;
    // How many of them a denoiser keeps busy: docs/operations.md#capacity.
    expect(most('encoder')).toBeGreaterThanOrEqual(most('denoiser') / 8);
    expect(most('muxer')).toBeGreaterThanOrEqual((3 / 4) * most('denoiser'));
    if (!sharesGpu(overlay)) expect(most('decoder')).toBeGreaterThanOrEqual(most('denoiser') / 13);
  });

  test('only KEDA sets the number of workers', () => {
    const scaled = ofKind(manifests, 'ScaledObject').map(({ metadata }) => metadata.name);
    expect(scaled.sort()).toEqual([...(sharesGpu(overlay) ? [] : ['decoder']), 'denoiser', 'encoder', 'muxer']);
    for (const { metadata, spec } of ofKind(manifests, 'Deployment')) {
      const { replicas } = z.looseObject({ replicas: z.number().optional() }).parse(spec);
      expect(replicas === undefined, metadata.name).toBe(scaled.includes(metadata.name));
    }
  });
});
