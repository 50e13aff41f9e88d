import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createServer, request } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { S3_SERVER, startTestS3 } from '../../../../test/support/s3-server.ts';
import type { TestS3 } from '../../../../test/support/s3-server.ts';
import { UnavailableError } from '../domain/errors.ts';
import { Lifetime } from '../domain/messages.ts';
import type { Artifacts } from '../domain/ports/artifacts.ts';
import type { Installation } from '../domain/ports/installation.ts';
import { pipelineSettingsSchema } from '../domain/settings.ts';

const { MEDIA, PHOTO } = Lifetime;

/** An installation whose id the test may change, as NATS does that is lost and made anew, and whose NATS may be away. */
class TestInstallation implements Installation {
  current: string | null;
  constructor(id: string) {
    this.current = id;
  }
  id(): Promise<string> {
    if (this.current === null) return Promise.reject(new UnavailableError('NATS did not answer'));
    return Promise.resolve(this.current);
  }
}

describe.skipIf(S3_SERVER === null)('the owner of a prefix', () => {
  let server: TestS3;
  beforeAll(async () => {
    server = await startTestS3();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const settingsOf = (prefix: string, url?: string) => {
    // An owner that was found is found again for each read and write.
    const values = { ...server.environment(url), S3_PREFIX: prefix, S3_TRIES: '1', S3_CHECK_MS: '1' };
    const settings = pipelineSettingsSchema.parse(values);
    return { ...settings, S3_BUCKET: settings.S3_BUCKET! };
  };
  /** It is loaded here, because the client is not needed without a server. */
  async function open(prefix: string, installation: Installation, url?: string): Promise<Artifacts> {
    const { createS3Artifacts } = await import('./artifacts.ts');
    return createS3Artifacts(settingsOf(prefix, url), installation);
  }
  async function takeOver(prefix: string, installation: Installation, from: string): Promise<string> {
    const { openPrefixOwner } = await import('./prefix-owner.ts');
    return (await openPrefixOwner(settingsOf(prefix), installation)).takeOver(from);
  }
  const ownerFile = (prefix: string) => join(server.folder, prefix, 'installation.txt');
  const ownerOf = async (prefix: string) => (await readFile(ownerFile(prefix), 'utf8')).trim();
  const put = (artifacts: Artifacts, name: string) => artifacts.put(MEDIA, name, 'mp4', Buffer.from(name));

  test('a second installation with the same prefix can do nothing, and its check says whose the prefix is', async () => {
    const first = await open('same/', new TestInstallation('first'));
    const second = await open('same/', new TestInstallation('second'));
    await first.check();
    const media = await put(first, 'v/0/mux/1/mp4');
    const attempts = [
      () => second.check(),
      () => second.remove(MEDIA, media.name),
      () => second.removeBroken(MEDIA, 0),
      () => second.list(MEDIA),
      () => second.time(MEDIA, media.name),
      () => second.get(media),
      () => second.stream(media).next(),
      () => put(second, 'v/0/mux/1/mp4'),
    ];
    for (const attempt of attempts) {
      const refused = attempt();
      await expect(refused).rejects.toThrow(UnavailableError);
      await expect(refused).rejects.toThrow(
        's3://artifacts/same/ belongs to the installation first, and this one is second: set another S3_PREFIX',
      );
    }
    await first.check();
    expect(await first.list(MEDIA)).toEqual([media.name]);
    expect(Buffer.from(await first.get(media)).toString()).toBe('v/0/mux/1/mp4');
    expect(await ownerOf('same/')).toBe('first');
  });

  test('installations with other prefixes work beside each other, also with one without a prefix', async () => {
    const prefixes = ['', 'cell-a/', 'cell-b/', 'cell-b/inner/'];
    const all = await Promise.all(prefixes.map((prefix) => open(prefix, new TestInstallation(`of “${prefix}”`))));
    for (const artifacts of all) await artifacts.check();
    const stored = await Promise.all(all.map((artifacts) => put(artifacts, 'v/0/mux/1/mp4')));
    for (const [index, artifacts] of all.entries()) {
      await artifacts.check();
      expect(await artifacts.list(MEDIA)).toEqual([stored[index]!.name]);
      await artifacts.remove(MEDIA, stored[index]!.name);
    }
    expect(await Promise.all(prefixes.map(ownerOf))).toEqual(prefixes.map((prefix) => `of “${prefix}”`));
  });

  test('one of many installations that start at the same time owns the prefix, with all of its processes', async () => {
    const installations = Array.from({ length: 8 }, (_, index) => new TestInstallation(`number-${index}`));
    const processes = await Promise.all(
      [...installations, ...installations].map(async (installation) => ({
        id: installation.current,
        artifacts: await open('race/', installation),
      })),
    );
    const check = () => Promise.allSettled(processes.map(({ artifacts }) => artifacts.check()));
    // The server decides between writes at the same time, or the last one counts.
    await check();
    const results = await check();
    const owner = await ownerOf('race/');
    const owning = processes.filter((_, index) => results[index]!.status === 'fulfilled').map(({ id }) => id);
    expect(owning).toEqual([owner, owner]);
  });

  test('a prefix with artifacts and without an owner is claimed by nobody', async () => {
    const file = join(server.folder, 'unowned/photos/v/0/photo/1/photo~0123456789abcdef');
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, 'a photo');
    const installation = new TestInstallation('new');
    const artifacts = await open('unowned/', installation);
    await expect(artifacts.check()).rejects.toThrow(
      'has artifacts, but belongs to no installation, and this one is new',
    );
    await expect(takeOver('unowned/', installation, 'another')).rejects.toThrow(
      'the owner of s3://artifacts/unowned/ is none',
    );
    expect(await takeOver('unowned/', installation, 'none')).toBe('new');
    await artifacts.check();
    expect(await artifacts.list(PHOTO)).toHaveLength(1);
  });

  test('an object that names the owner and is lost is written again by the owner, and not by another one', async () => {
    const owner = await open('lost/', new TestInstallation('owner'));
    const other = await open('lost/', new TestInstallation('other'));
    await owner.check();
    await put(owner, 'v/0/mux/1/mp4');
    const { DeleteObjectCommand } = await import('@aws-sdk/client-s3');
    const { createS3Client } = await import('./client.ts');
    const client = await createS3Client(settingsOf('lost/'));
    await client.send(new DeleteObjectCommand({ Bucket: 'artifacts', Key: 'lost/installation.txt' }));
    await expect(other.check()).rejects.toThrow('belongs to no installation');
    await owner.check();
    expect(await ownerOf('lost/')).toBe('owner');
    await expect(other.check()).rejects.toThrow('belongs to the installation owner');
  });

  test('whoever takes a prefix over has to name its owner, who stops using it', async () => {
    const former = await open('taken/', new TestInstallation('former'));
    await former.check();
    const media = await put(former, 'v/0/mux/1/mp4');
    const next = new TestInstallation('next');
    await expect(takeOver('taken/', next, 'none')).rejects.toThrow('is former, not none');
    expect(await ownerOf('taken/')).toBe('former');
    for (let count = 0; count < 2; count++) expect(await takeOver('taken/', next, 'former')).toBe('next');
    const artifacts = await open('taken/', next);
    await artifacts.check();
    expect(await artifacts.list(MEDIA)).toEqual([media.name]);
    await expect(former.check()).rejects.toThrow('belongs to the installation next');
    await expect(former.remove(MEDIA, media.name)).rejects.toThrow(UnavailableError);
    await expect(put(former, 'v/0/mux/2/mp4')).rejects.toThrow(UnavailableError);
    expect(await artifacts.list(MEDIA)).toEqual([media.name]);
  });

  test('nothing is removed while NATS is away or has another id, and reads and writes go on while it is away', async () => {
    const installation = new TestInstallation('before');
    const artifacts = await open('nats/', installation);
    const media = await put(artifacts, 'v/0/mux/1/mp4');
    installation.current = null;
    await artifacts.check();
    await put(artifacts, 'v/0/mux/2/mp4');
    expect(Buffer.from(await artifacts.get(media)).toString()).toBe('v/0/mux/1/mp4');
    // A removal needs the id of the last second.
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await expect(artifacts.remove(MEDIA, media.name)).rejects.toThrow('NATS did not answer');
    // NATS was lost, and the provisioner has made another one.
    installation.current = 'after';
    await expect(artifacts.remove(MEDIA, media.name)).rejects.toThrow('belongs to the installation before');
    await expect(artifacts.check()).rejects.toThrow('belongs to the installation before');
    installation.current = 'before';
    await artifacts.remove(MEDIA, media.name);
    expect(await artifacts.list(MEDIA)).toHaveLength(1);
  });

  test('a store that is away at the start is waited for, and then the prefix is claimed', async () => {
    await server.kill();
    const artifacts = await open('away/', new TestInstallation('patient'));
    await expect(artifacts.check()).rejects.toThrow('S3 did not answer');
    await server.start();
    await artifacts.check();
    expect(await ownerOf('away/')).toBe('patient');
  });

  test('with a store that knows no conditional writes, a prefix is claimed and taken over all the same', async () => {
    await using old = await startOldStore(server.port);
    const first = new TestInstallation('first');
    await (await open('old/', first, old.url)).check();
    expect(old.refused).toBe(1);
    const second = new TestInstallation('second');
    const { openPrefixOwner } = await import('./prefix-owner.ts');
    const owner = await openPrefixOwner(settingsOf('old/', old.url), second);
    await owner.takeOver('first');
    expect(old.refused).toBe(2);
    expect(await ownerOf('old/')).toBe('second');
    await expect((await open('old/', first, old.url)).check()).rejects.toThrow('belongs to the installation second');
  });
});

/** The same server as a store that refuses conditional writes, as some do. */
async function startOldStore(port: number) {
  let refused = 0;
  const proxy = createServer((incoming, answer) => {
    const { method, url, headers } = incoming;
    if (headers['if-none-match'] ?? headers['if-match']) {
      refused++;
      incoming.resume();
      answer.writeHead(501, { 'content-type': 'application/xml' });
      answer.end(
        '<?xml version="1.0"?><Error><Code>NotImplemented</Code><Message>A header is unknown.</Message></Error>',
      );
      return;
    }
    const outgoing = request({ port, host: '127.0.0.1', method, path: url, headers, agent: false }, (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(answer);
    });
    incoming.pipe(outgoing);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    get refused() {
      return refused;
    },
    async [Symbol.asyncDispose]() {
      proxy.close();
      proxy.closeAllConnections();
      await once(proxy, 'close');
    },
  };
}
