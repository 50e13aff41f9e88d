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
import {
  bytes,
  containersOf,
  expectAvailability,
  expectFixedImages,
  expectLimits,
  expectRestricted,
} from './policies.ts';

const claim = z.looseObject({ resources: z.object({ requests: z.object({ storage: z.string() }) }) });
const rollingUpdate = z.looseObject({ rollingUpdate: z.looseObject({ maxSurge: z.number() }) });

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

  test.each(each(workloads))('%s meets the restricted standard', (_, workload) => expectRestricted(workload));

  test.each(each(workloads))('%s runs an image with a fixed tag or digest', (_, workload) =>
    expectFixedImages(workload),
  );

  test.each(each(workloads))('%s has requests and limits', (_, workload) => expectLimits(workload));

  test.each(each(services))('%s has probes, topology spread and a disruption budget', (_, workload) =>
    expectAvailability(workload, manifests),
  );

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

  test('there is no S3 server without replicas', () => {
    expect(manifests.map(({ metadata }) => metadata.name)).not.toContain('s3-server');
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
