import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { aptConfig } from './apt.mjs';
import { debianPackage } from './nats-debian.mjs';
import { download, officialRelease, unpackInto, verify } from './nats-release.mjs';
import { findNatsServer, natsServer, natsServerOrUrl } from './nats-server.mjs';
import { atLeast } from './version.mjs';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'nats-'));
  vi.stubEnv('NATS_SERVER', undefined);
  vi.stubEnv('NATS_URL', undefined);
  vi.stubEnv('PATH', `${join(root, 'bin')}:${process.env.PATH ?? ''}`);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(root, { recursive: true });
});

/** A program that says it is this version of nats-server. */
async function fake(path: string, version: string): Promise<string> {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `#!/bin/sh\necho 'nats-server: v${version}'\n`);
  await chmod(file, 0o755);
  return file;
}

describe('an installed server', () => {
  test('a new enough server on PATH is used', async () => {
    const server = await fake('bin/nats-server', '2.11.0');
    await fake(`.cache/tools/nats-server-${debianPackage.version}/nats-server`, debianPackage.version);
    expect(await natsServer(root)).toEqual({ NATS_SERVER: server });
  });

  test('a server that is too old or missing is skipped', async () => {
    await fake('bin/nats-server', '2.10.26');
    vi.stubEnv('NATS_SERVER', join(root, 'missing'));
    const cached = await fake(`.cache/tools/nats-server-${debianPackage.version}/nats-server`, debianPackage.version);
    // A machine on which nats-server is installed finds that one.
    expect([cached, '/usr/sbin/nats-server']).toContain(await findNatsServer(root));
  });

  test('NATS_SERVER takes precedence', async () => {
    await fake('bin/nats-server', '2.11.0');
    const chosen = await fake('own/server', '2.10.27');
    vi.stubEnv('NATS_SERVER', chosen);
    expect(await natsServer(root)).toEqual({ NATS_SERVER: chosen });
  });

  test('no server is needed when NATS_URL is set', async () => {
    vi.stubEnv('NATS_URL', 'nats://elsewhere:4222');
    expect(await natsServerOrUrl(root)).toEqual({});
  });
});

test('both pinned sources are new enough', () => {
  for (const { version } of [officialRelease, debianPackage]) expect(atLeast(version, '2.10.27')).toBe(true);
});

describe('the official release', () => {
  test('a file that is not the pinned one is refused', () => {
    const bytes = Buffer.from('nats');
    expect(() => verify(bytes, createHash('sha256').update(bytes).digest('hex'), 'x')).not.toThrow();
    expect(() => verify(bytes, '0'.repeat(64), 'https://example.org/x')).toThrow(
      'https://example.org/x is not the file that is pinned: its SHA-256 is',
    );
  });

  test('a host that accepts connections and never answers times out', async () => {
    const server = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await expect(download(`http://127.0.0.1:${port}/x`, 50)).rejects.toThrow(`127.0.0.1:${port} can’t be reached`);
    server.close();
  });

  test('a failed extraction leaves no files', async () => {
    const folder = join(root, 'tools', 'server');
    const unpacking = unpackInto(folder, 'a.tar', Buffer.from('x'), async (archive, to) => {
      expect(await readFile(archive, 'utf8')).toBe('x');
      await writeFile(join(to, 'half'), '');
      throw new Error('no room');
    });
    await expect(unpacking).rejects.toThrow('no room');
    expect(existsSync(folder)).toBe(false);
    expect(await readdir(dirname(folder))).toEqual([]);
  });
});

test('apt gets its own folders and the system’s network settings, but not its hooks', () => {
  const config = aptConfig(
    '/tmp/x',
    [
      'APT::Update::Post-Invoke:: "rm -f /var/cache/apt/archives/*.deb";',
      'DPkg::Post-Invoke:: "reboot";',
      'Dir::State::lists "lists/";',
      'Acquire::http "";',
      'Acquire::http::Proxy "http://proxy:3128";',
      'Acquire::https::Verify-Peer "true";',
      'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "true";',
    ].join('\n'),
  );
  expect(config).toContain('Acquire::http::Proxy "http://proxy:3128";\nAcquire::https::Verify-Peer "true";\n');
  expect(config).not.toMatch(/Post-Invoke|IndexTargets/);
  for (const setting of config.matchAll(/^Dir::\S+ "(.*)";$/gm)) expect(setting[1]).toMatch(/^\/(tmp\/x|dev\/null)/);
});
