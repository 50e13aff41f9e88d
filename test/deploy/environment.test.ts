import { describe, expect, test } from 'vitest';
import { USER_PERMISSIONS } from '@cinematica/pipeline/nats-access';
import { readConfig } from '@cinematica/pipeline/service';
import { isProduction, KUSTOMIZE, OVERLAYS, render, sharesGpu, workloadsOf } from './manifests.ts';
import { BACKUP_JOBS, environmentIn, SERVICES } from './services.ts';

/** The variables that adapter-node 6 (its src/env.js) and the web app's server (web/src/lib/api) read. */
const WEB = ['HOST', 'PORT', 'SHUTDOWN_TIMEOUT', 'PROTOCOL_HEADER', 'GATEWAY_URL'];

describe.skipIf(KUSTOMIZE === null).each(OVERLAYS)('%s', (overlay) => {
  const manifests = KUSTOMIZE === null ? [] : render(overlay);
  const workloads = workloadsOf(manifests);
  const setIn = (name: string, secret?: (from: string, key: string) => string) =>
    environmentIn(manifests, name, secret);

  const all = isProduction(overlay) ? { ...SERVICES, ...BACKUP_JOBS } : SERVICES;

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

  test.each(Object.keys(SERVICES).filter((name) => name !== 'provisioner'))(
    '%s can stop within its grace period',
    (name) => {
      const config = readConfig(SERVICES[name]!, setIn(name));
      const shared = sharesGpu(overlay) && name === 'decoder';
      const workload = workloads.find((one) => one.name === (shared ? 'denoiser' : name))!;
      const preStop = name === 'gateway' ? 5 : 0;
      const { DRAIN_MS = 0, STOP_GRACE_MS = 0 } = config as { DRAIN_MS?: number; STOP_GRACE_MS?: number };
      const needed = preStop + (name === 'gateway' ? DRAIN_MS : Math.max(DRAIN_MS, 2 * STOP_GRACE_MS)) / 1000;
      expect(workload.spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(needed + 10);
    },
  );
});
