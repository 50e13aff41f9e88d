import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { configSchema as backup } from '@cinematica/backup/config';
import { configSchema as decoder } from '@cinematica/decoder/config';
import { configSchema as denoiser } from '@cinematica/denoiser/config';
import { configSchema as encoder } from '@cinematica/encoder/config';
import { configSchema as gateway } from '@cinematica/gateway/config';
import { configSchema as muxer } from '@cinematica/muxer/config';
import { configSchema as outbound } from '@cinematica/outbound/config';
import { USER_PERMISSIONS } from '@cinematica/pipeline/nats-access';
import { readConfig } from '@cinematica/pipeline/service';
import { configSchema as provisioner } from '@cinematica/provisioner/config';
import { environmentFor } from '@cinematica/gpu-worker/environment';
import { environmentOf, isProduction, KUSTOMIZE, OVERLAYS, render, sharesGpu, workloadsOf } from './manifests.ts';

const schemas: Readonly<Record<string, z.ZodObject>> = {
  gateway,
  encoder,
  denoiser,
  decoder,
  muxer,
  outbound,
  provisioner,
};
const inProduction: typeof schemas = { backup, restore: backup };

/** The variables that adapter-node 6 (its src/env.js) and the web app's server (web/src/lib/api) read. */
const WEB = ['HOST', 'PORT', 'SHUTDOWN_TIMEOUT', 'PROTOCOL_HEADER', 'GATEWAY_URL'];

describe.skipIf(KUSTOMIZE === null).each(OVERLAYS)('%s', (overlay) => {
  const manifests = KUSTOMIZE === null ? [] : render(overlay);
  const workloads = workloadsOf(manifests);
  const setIn = (name: string, secret: (from: string, key: string) => string = () => 's'.repeat(43)) => {
    const shared = sharesGpu(overlay) && (name === 'denoiser' || name === 'decoder');
    const container = workloads.find((workload) => workload.name === (shared ? 'denoiser' : name))?.spec.containers[0];
    if (!container) throw new Error(`there is no ${name}`);
    if (!shared) return environmentOf(manifests, container, secret);
    const prefix = name === 'denoiser' ? 'DENOISER_' : 'DECODER_';
    const own = {
      ...container,
      env: container.env.filter((one) => !/^(DENOISER|DECODER)_/.test(one.name) || one.name.startsWith(prefix)),
    };
    return environmentFor(prefix, environmentOf(manifests, own, secret)) as Record<string, string>;
  };

  const all = isProduction(overlay) ? { ...schemas, ...inProduction } : schemas;

  test.each(Object.entries(all))('%s gets all required variables and no unknown ones', (name, schema) => {
    const set = setIn(name);
    for (const variable of Object.keys(set))
      expect(Object.keys(schema.shape), `${name} does not read it`).toContain(variable);
    // Throws when a variable without a default is missing, or a value is invalid.
    const config = readConfig(schema, set);
    for (const host of ['HTTP_HOST', 'GRPC_HOST', 'METRICS_HOST', 'SCALER_HOST']) {
      // The default is the loopback address, which other pods cannot reach.
      if (host in schema.shape && host.replace('HOST', 'PORT') in set) expect(config).toHaveProperty(host, '0.0.0.0');
    }
  });

  test('the web app gets no unknown variables', () => {
    for (const variable of Object.keys(setIn('web'))) expect(WEB).toContain(variable);
  });

  test.each(Object.keys(all))('%s has its own NATS user and gets no other password', (name) => {
    const secrets: string[] = [];
    const set = setIn(name, (from) => {
      secrets.push(from);
      return from;
    });
    expect(set).toMatchObject({ NATS_USER: name, NATS_PASSWORD: `nats-${name}` });
    expect(Object.keys(USER_PERMISSIONS)).toContain(name);
    expect(secrets.filter((from) => from.startsWith('nats-'))).toEqual([`nats-${name}`]);
  });

  test.each(Object.keys(schemas).filter((name) => name !== 'provisioner'))(
    '%s can stop within its grace period',
    (name) => {
      const config = readConfig(schemas[name]!, setIn(name));
      const shared = sharesGpu(overlay) && name === 'decoder';
      const workload = workloads.find((one) => one.name === (shared ? 'denoiser' : name))!;
      const preStop = name === 'gateway' ? 5 : 0;
      const { DRAIN_MS = 0, STOP_GRACE_MS = 0 } = config as { DRAIN_MS?: number; STOP_GRACE_MS?: number };
      const needed = preStop + (name === 'gateway' ? DRAIN_MS : Math.max(DRAIN_MS, 2 * STOP_GRACE_MS)) / 1000;
      expect(workload.spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(needed + 10);
    },
  );
});
