import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { configSchema as encoder } from '@cinematica/encoder/config';
import { configSchema as gateway } from '@cinematica/gateway/config';
import { configSchema as muxer } from '@cinematica/muxer/config';
import {
  ArtifactStore,
  connectNats,
  Lifetime,
  MissingArtifactError,
  openArtifacts,
  provision,
} from '@cinematica/pipeline';
import type { Artifacts, NatsConnection } from '@cinematica/pipeline';
import { readConfig } from '@cinematica/pipeline/service';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { freePorts } from '../../scripts/launch/ports.ts';
import { httpReady } from '../../scripts/launch/readiness.ts';
import { startTestNats } from '../support/nats-server.ts';
import type { TestNats } from '../support/nats-server.ts';
import { S3_SERVER } from '../support/s3-server.ts';
import { makeSecrets } from './make-secrets.ts';
import { environmentOf, KUSTOMIZE, ofKind, render, workloadsOf } from './manifests.ts';
import type { Container } from './manifests.ts';

const MIB = 1024 * 1024;
const PORT = 7070;
const schemas = { gateway, encoder, muxer };

describe.skipIf(KUSTOMIZE === null)('the S3 server of the overlay local-cpu-s3', () => {
  const manifests = KUSTOMIZE === null ? [] : render('overlays/local-cpu-s3');
  const specOf = (name: string) => workloadsOf(manifests).find((workload) => workload.name === name)!.spec;
  const secrets = KUSTOMIZE === null ? new Map<string, Record<string, string>>() : makeSecrets();
  const environment = (container: Container) =>
    environmentOf(manifests, container, (name, key) => secrets.get(name)![key]!);
  const configOf = (name: keyof typeof schemas) => readConfig(schemas[name], environment(specOf(name).containers[0]!));

  test('listens where the services look for it, under the name of its Service', () => {
    const { metadata, spec } = ofKind(manifests, 'Service').find((service) => service.metadata.name === 's3-server')!;
    const [{ port, targetPort }] = z
      .looseObject({ ports: z.tuple([z.looseObject({ port: z.number(), targetPort: z.string() })]) })
      .parse(spec).ports;
    const [server] = specOf('s3-server').containers;
    expect(server?.ports).toEqual([{ name: targetPort, containerPort: PORT }]);
    for (const name of Object.keys(schemas) as (keyof typeof schemas)[]) {
      expect(configOf(name)).toMatchObject({
        S3_ENDPOINT: `http://${metadata.name}:${port}`,
        AWS_ACCESS_KEY_ID: environment(server!).ROOT_ACCESS_KEY_ID,
        AWS_SECRET_ACCESS_KEY: environment(server!).ROOT_SECRET_ACCESS_KEY,
      });
    }
  });

  test('is one pod, whose volume no other pod can have', () => {
    const { spec } = ofKind(manifests, 'StatefulSet').find(({ metadata }) => metadata.name === 's3-server')!;
    expect(spec).toMatchObject({
      replicas: 1,
      volumeClaimTemplates: [{ spec: { accessModes: ['ReadWriteOnce'] } }],
    });
    expect(ofKind(manifests, 'ScaledObject')).toEqual([]);
  });

  test('is the version with which the tests of S3 run', async () => {
    const { containers, initContainers } = specOf('s3-server');
    const text = await readFile(resolve(import.meta.dirname, '../../CONTRIBUTING.md'), 'utf8');
    const version = /versitygw@(v[\d.]+)/.exec(text)?.[1];
    for (const { image } of [...initContainers, ...containers]) expect(image).toContain(`/versitygw:${version}@`);
  });

  describe.skipIf(S3_SERVER === null)('runs with the commands and settings of its pod, and', () => {
    let volume: string;
    let port: number;
    let server: ChildProcess;
    let output = '';
    let nats: TestNats;
    let connection: NatsConnection;

    /** A command with the volume in the folder of this test, and another port. */
    const commandOf = ({ command, volumeMounts }: Container): [string, ...string[]] => {
      const { mountPath } = volumeMounts.find(({ name }) => name === 'data')!;
      const [program, ...args] = command.map((argument) =>
        argument.replace(mountPath, volume).replace(`:${PORT}`, `127.0.0.1:${port}`),
      );
      return [program!, ...args];
    };

    /** Runs the containers of the pod, until its readiness probe succeeds. */
    async function startPod(): Promise<void> {
      const { containers, initContainers } = specOf('s3-server');
      for (const container of initContainers) {
        const [program, ...args] = commandOf(container);
        execFileSync(program, args);
      }
      const [container] = containers;
      const [program, ...args] = commandOf(container!);
      expect(program).toBe('versitygw');
      server = spawn(S3_SERVER!, args, { env: environment(container!), stdio: ['ignore', 'pipe', 'pipe'] });
      const ended = new AbortController();
      output = '';
      for (const stream of [server.stdout, server.stderr])
        stream?.on('data', (data: Buffer) => (output += String(data)));
      server.once('close', () => ended.abort(new Error(`the S3 server has ended: ${output}`)));
      const { path } = z
        .looseObject({ httpGet: z.object({ path: z.string(), port: z.string() }) })
        .parse(container!.readinessProbe).httpGet;
      await httpReady(`http://127.0.0.1:${port}${path}`, AbortSignal.any([ended.signal, AbortSignal.timeout(30_000)]));
    }

    async function stopPod(): Promise<void> {
      server.kill('SIGTERM');
      if (server.exitCode === null && server.signalCode === null) await once(server, 'exit');
    }

    /** The artifacts as a service opens them, with this server instead of the one of the cluster. */
    async function open(name: keyof typeof schemas, changes: Record<string, string> = {}): Promise<Artifacts> {
      const config = configOf(name);
      expect(config.S3_BUCKET).toBeDefined();
      // A name and no address, because addresses always have the bucket in their path.
      const here = { S3_ENDPOINT: `http://localhost:${port}`, S3_TRIES: 1 };
      return openArtifacts(connection, { ...config, ...here, ...changes });
    }

    beforeAll(async () => {
      volume = await mkdtemp(join(tmpdir(), 'cinematica-s3-volume-'));
      [port] = (await freePorts(1)) as [number];
      nats = await startTestNats();
      connection = await connectNats('test', { NATS_URL: nats.url });
      await provision(connection, configOf('gateway'), []);
      await startPod();
    });
    afterAll(async () => {
      await connection.close();
      await nats[Symbol.asyncDispose]();
      await stopPod();
      await rm(volume, { recursive: true });
    });

    test('stores photos and media of the services, serves ranges, lists them, and deletes them', async () => {
      const [asGateway, asEncoder, asMuxer] = [await open('gateway'), await open('encoder'), await open('muxer')];
      for (const artifacts of [asGateway, asEncoder, asMuxer]) await artifacts.check();

      const photo = await asGateway.put(Lifetime.PHOTO, 'ann/photo', 'photo', Buffer.from('a photo'));
      expect(photo.store).toBe(ArtifactStore.S3);
      expect(Buffer.from(await asEncoder.get(photo)).toString()).toBe('a photo');

      // It is uploaded in three parts.
      const data = randomBytes(20 * MIB);
      const media = await asMuxer.put(Lifetime.MEDIA, 'ann/video', 'mp4', data);
      expect(media.store).toBe(ArtifactStore.S3);
      const range: Uint8Array[] = [];
      for await (const part of asGateway.stream(media, { range: { first: 9 * MIB, last: 12 * MIB } })) range.push(part);
      expect(Buffer.concat(range).equals(data.subarray(9 * MIB, 12 * MIB + 1))).toBe(true);
      expect(data.equals(await asGateway.get(media))).toBe(true);

      expect(await asGateway.list(Lifetime.MEDIA)).toEqual([media.name]);
      await asGateway.remove(Lifetime.MEDIA, media.name);
      await asGateway.remove(Lifetime.PHOTO, photo.name);
      expect(await asGateway.list(Lifetime.MEDIA)).toEqual([]);
      await expect(asGateway.get(media)).rejects.toThrow(MissingArtifactError);
      const bucket = commandOf(specOf('s3-server').initContainers[0]!).at(-1)!;
      const entries = await readdir(bucket, { recursive: true, withFileTypes: true });
      expect(entries.filter((entry) => entry.isFile()).map(({ name }) => name)).toEqual(['installation.txt']);
    });

    test('refuses other credentials', async () => {
      const forged = await open('gateway', { AWS_SECRET_ACCESS_KEY: 'another' });
      await expect(forged.check()).rejects.toThrow('check the credentials');
    });

    test('ends when Kubernetes stops it, and still has what it stored when its pod is replaced', async () => {
      const artifacts = await open('muxer');
      const media = await artifacts.put(Lifetime.MEDIA, 'ann/kept', 'mp4', Buffer.from('kept'));
      const before = performance.now();
      await stopPod();
      expect(performance.now() - before).toBeLessThan(1000 * specOf('s3-server').terminationGracePeriodSeconds);
      await expect(artifacts.check()).rejects.toThrow();
      await startPod();
      expect(Buffer.from(await artifacts.get(media)).toString()).toBe('kept');
    });
  });
});
