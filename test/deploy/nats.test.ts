import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { z } from 'zod';
import { findNatsServer } from '../../scripts/setup/nats-server.mjs';
import { freePorts } from '../../scripts/launch/ports.ts';
import { untilReady } from '../../scripts/launch/readiness.ts';
import { configData, environmentOf, KUSTOMIZE, ofKind, render, workloadsOf } from './manifests.ts';
import type { Manifest } from './manifests.ts';

const root = resolve(import.meta.dirname, '../..');

/** Its CronJobs make and restore backups. */
const production = KUSTOMIZE === null ? [] : render('overlays/production');

const passwordOf = (secret: string): string => `p-${secret}-0123456789`;

interface Member {
  readonly process: ChildProcess;
  readonly client: number;
}

/** The servers of the StatefulSet, with the same configuration files on other ports and in other folders. Each function starts one. */
async function prepareMembers(
  manifests: readonly Manifest[],
  folder: string,
  command: string,
): Promise<(() => Promise<Member>)[]> {
  const container = workloadsOf(manifests).find(({ name }) => name === 'nats')!.spec.containers[0]!;
  const { replicas } = z.looseObject({ replicas: z.number() }).parse(ofKind(manifests, 'StatefulSet')[0]?.spec);
  const files = configData(manifests, 'nats');
  const ports = await freePorts(3 * replicas);
  const routes = ports.slice(2 * replicas).map((port) => `nats://route:${passwordOf('nats-route')}@127.0.0.1:${port}`);
  return Array.from({ length: replicas }, (_, index) => async (): Promise<Member> => {
    const home = join(folder, `nats-${index}`);
    await mkdir(home);
    const [client, monitor, peers] = [ports[index]!, ports[replicas + index]!, ports[2 * replicas + index]!];
    for (const [name, text] of Object.entries(files)) {
      const here = text
        .replace('0.0.0.0:4222', `127.0.0.1:${client}`)
        .replace('0.0.0.0:8222', `127.0.0.1:${monitor}`)
        .replace('0.0.0.0:6222', `127.0.0.1:${peers}`)
        .replace('/data', join(home, 'data'))
        .replace('/run/nats', home);
      await writeFile(join(home, name), here);
    }
    const env = environmentOf(manifests, container, passwordOf);
    const args = ['--config', join(home, 'nats.conf'), ...(replicas > 1 ? ['--routes', routes.join(',')] : [])];
    const child = spawn(command, args, { env: { ...env, POD_NAME: `nats-${index}` }, stdio: 'ignore' });
    const healthy = async (): Promise<boolean> => (await fetch(`http://127.0.0.1:${monitor}/healthz`)).ok;
    await untilReady(healthy, AbortSignal.timeout(30_000));
    return { process: child, client };
  });
}

describe.skipIf(KUSTOMIZE === null).each(['base', 'overlays/local-cpu'] as const)(
  'NATS as %s configures it',
  (overlay) => {
    const manifests = KUSTOMIZE === null ? [] : render(overlay);
    let folder: string;
    let starts: (() => Promise<Member>)[] = [];
    let members: Member[] = [];

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'nats-cluster-'));
      const command = await findNatsServer(root);
      if (command === null) throw new Error('nats-server is not there: npm test brings one');
      starts = await prepareMembers(manifests, folder, command);
      members = [];
    });

    afterEach(async () => {
      const ended = members.map(async ({ process: child }) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        child.kill('SIGKILL');
        await once(child, 'exit');
      });
      await Promise.all(ended);
      await rm(folder, { recursive: true });
    });

    const urls = (list: readonly Member[]): string[] => list.map(({ client }) => `127.0.0.1:${client}`);
    const as = (user: string) =>
      connect({ servers: urls(members), user, pass: passwordOf(`nats-${user}`), inboxPrefix: `_INBOX_${user}` });

    test('accepts the provisioner’s streams, and rejects what a user has no permission for', async () => {
      // The last server starts later. Until then the others are healthy, but cannot keep three replicas.
      const late = starts.slice(1).at(-1);
      members = await Promise.all(starts.slice(0, late ? -1 : 1).map((start) => start()));
      const job = workloadsOf(manifests).find(({ name }) => name === 'provisioner')!.spec.containers[0]!;
      const settings = environmentOf(manifests, job, passwordOf);
      const env = {
        ...settings,
        NATS_URL: urls(members).join(','),
        MODEL_DIR: join(root, 'test/golden/tiny-xt/checkpoint'),
      };
      const provisioned = promisify(execFile)(process.execPath, job.args, { cwd: root, env }).then(() => 'provisioned');
      if (late) {
        expect(await Promise.race([provisioned, delay(5_000, 'waits')])).toBe('waits');
        members.push(await late());
      }
      await provisioned;

      const gateway = await as('gateway');
      const manager = await jetstreamManager(gateway, { checkAPI: false });
      for (const stream of ['WORK_denoise', 'KV_videos', 'OBJ_frames']) {
        const { config, cluster } = await manager.streams.info(stream);
        expect(config.num_replicas, stream).toBe(members.length);
        expect(cluster?.replicas?.length ?? 0, stream).toBe(members.length - 1);
      }
      const denoiser = await as('denoiser');
      await expect(
        (await jetstreamManager(denoiser, { checkAPI: false })).streams.delete('KV_videos'),
      ).rejects.toThrow();
      await denoiser.close();

      // What the CronJobs of production do: a backup, a later change, and a restore of the state before it.
      const run = async (name: 'backup' | 'restore', changes: Readonly<Record<string, string>> = {}): Promise<void> => {
        const container = workloadsOf(production).find((workload) => workload.name === name)!.spec.containers[0]!;
        const given = environmentOf(production, container, passwordOf);
        const here = {
          NATS_URL: urls(members).join(','),
          NATS_REPLICAS: settings.NATS_REPLICAS ?? '',
          BACKUP_FOLDER: folder,
        };
        await promisify(execFile)(process.execPath, container.args, {
          cwd: root,
          env: { ...given, ...here, ...changes },
        });
      };
      const record = jetstream(gateway);
      const value = async () =>
        (await manager.streams.getMessage('KV_videos', { last_by_subj: '$KV.videos.v.x' }))?.string();
      await record.publish('$KV.videos.v.x', 'before');
      await run('backup');
      await record.publish('$KV.videos.v.x', 'after');
      await expect(run('restore')).rejects.toThrow('set REPLACE=on');
      await run('restore', { REPLACE: 'on' });
      await expect.poll(value).toBe('before');
      expect((await manager.streams.info('KV_videos')).config.num_replicas).toBe(members.length);
      await record.publish('$KV.videos.v.x', 'again');

      // One of three servers may be lost, and none of a single one.
      const rest = members.slice(1);
      if (rest.length > 0) {
        members[0]!.process.kill('SIGKILL');
        await once(members[0]!.process, 'exit');
        const writes = async (): Promise<boolean> => {
          await jetstream(gateway, { timeout: 1_000 }).publish('canary.gateway', 'x');
          return true;
        };
        await untilReady(writes, AbortSignal.timeout(30_000));
      }
      await gateway.close();
    });
  },
);
