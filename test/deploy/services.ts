import { configSchema as backup } from '@cinematica/backup/config';
import { configSchema as decoder } from '@cinematica/decoder/config';
import { configSchema as denoiser } from '@cinematica/denoiser/config';
import { configSchema as encoder } from '@cinematica/encoder/config';
import { configSchema as gateway } from '@cinematica/gateway/config';
import { environmentFor } from '@cinematica/gpu-worker/environment';
import { configSchema as muxer } from '@cinematica/muxer/config';
import { configSchema as outbound } from '@cinematica/outbound/config';
import { configSchema as provisioner } from '@cinematica/provisioner/config';
import type { z } from 'zod';
import { environmentOf, workloadsOf } from './manifests.ts';
import type { Manifest } from './manifests.ts';

/** The settings of each service. */
export const SERVICES: Readonly<Record<string, z.ZodObject>> = {
  gateway,
  encoder,
  denoiser,
  decoder,
  muxer,
  outbound,
  provisioner,
};
/** Those of the Jobs of the component `backup`. */
export const BACKUP_JOBS: typeof SERVICES = { backup, restore: backup };

const GPU_WORKER = 'services/gpu-worker/src/main.ts';

/**
 * The environment of a service or Job, also of one that shares a container.
 * @param secret returns the value from a Secret.
 * @throws Error when there is none.
 */
export function environmentIn(
  manifests: readonly Manifest[],
  name: string,
  secret: (from: string, key: string) => string = () => 's'.repeat(43),
): Record<string, string> {
  const workloads = workloadsOf(manifests);
  const sharing = workloads.find(({ spec }) => spec.containers[0]?.args.includes(GPU_WORKER));
  const shared = sharing !== undefined && (name === 'denoiser' || name === 'decoder');
  const container = (shared ? sharing : workloads.find((workload) => workload.name === name))?.spec.containers[0];
  if (!container) throw new Error(`there is no ${name}`);
  if (!shared) return environmentOf(manifests, container, secret);
  const prefix = name === 'denoiser' ? 'DENOISER_' : 'DECODER_';
  const own = {
    ...container,
    env: container.env.filter((one) => !/^(DENOISER|DECODER)_/.test(one.name) || one.name.startsWith(prefix)),
  };
  return environmentFor(prefix, environmentOf(manifests, own, secret)) as Record<string, string>;
}
