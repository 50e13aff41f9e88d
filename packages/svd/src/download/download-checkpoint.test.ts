import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { PublishedCheckpoint, CheckpointFile } from './published-checkpoints.ts';
import { downloadCheckpoint } from './download-checkpoint.ts';
import { DownloadError } from './download-error.ts';
import { send, startTestHub } from './test-hub.ts';
import type { TestHub } from './test-hub.ts';

const CONFIG = 'unet/config.json';
const UNET = 'unet/model.safetensors';
const weights = randomBytes(500_000);
const files = { [CONFIG]: Buffer.from('{"a":1}'), [UNET]: weights };
const digest = createHash('sha256').update(weights).digest('hex');

let hub: TestHub;
let folder: string;
let notes: string[];
let progress: number[];
beforeEach(async () => {
  hub = await startTestHub(files);
  folder = await mkdtemp(join(tmpdir(), 'checkpoint-'));
  notes = [];
  progress = [];
});
afterEach(async () => {
  await hub[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

interface Settings {
  readonly files?: readonly CheckpointFile[];
  readonly repository?: string;
  readonly endpoint?: string;
  readonly token?: string;
  readonly stallMs?: number;
  readonly signal?: AbortSignal;
}

function downloadInto({
  signal,
  stallMs = 5_000,
  token,
  endpoint = hub.endpoint,
  ...settings
}: Settings = {}): Promise<void> {
  const checkpoint: PublishedCheckpoint = {
    name: 'test',
    title: 'Test',
    repository: 'new/model',
    revision: 'main',
    licences: [{ name: 'none', url: 'none', summary: [] }],
    files: [{ path: CONFIG }, { path: UNET }],
    ...settings,
  };
  const retryPolicy = { maxAttempts: 3, delay: () => 1, stallMs };
  const listener = {
    note: (line: string) => void notes.push(line),
    progress: (_: string, done: number, total: number) => void progress.push(done / total),
  };
  return downloadCheckpoint(checkpoint, { folder, endpoint, token, retryPolicy }, listener, signal);
}

async function failure(settings: Settings = {}): Promise<string> {
  const error: unknown = await downloadInto(settings).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(DownloadError);
  const { message } = error as DownloadError;
  expect(message).not.toContain('\n');
  return message;
}

const put = async (path: string, content: Buffer): Promise<void> => {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), content);
};

async function expectComplete(): Promise<void> {
  expect((await readdir(join(folder, 'unet'))).sort()).toEqual(['config.json', 'model.safetensors']);
  expect(await readFile(join(folder, CONFIG))).toEqual(files[CONFIG]);
  expect((await readFile(join(folder, UNET))).equals(weights)).toBe(true);
}

const gets = (): string[] => hub.requests.filter((line) => line.startsWith('GET') && line.includes('.safetensors'));
const cut =
  (length: number) =>
  (...[response, body, offset]: Parameters<typeof send>): void =>
    send(response, body, offset, offset + length);

describe('a checkpoint is downloaded', () => {
  test('through redirects, without sending the token to the storage', async () => {
    await downloadInto({ repository: 'old/model', token: 'hf_secret' });
    await expectComplete();
    expect(progress.at(-1)).toBe(1);
    const to = (path: string): string[] => hub.requests.filter((line) => line.includes(path));
    expect(to(`HEAD /old/model/resolve/main/${UNET}`)).toEqual([
      `HEAD /old/model/resolve/main/${UNET} Bearer hf_secret`,
    ]);
    expect(to(UNET).at(-1)).toBe(`GET /new/model/resolve/main/${UNET}`);
  });

  test('from several repositories, each file under its own name', async () => {
    const from = { repository: 'other/parts', revision: 'abc', path: UNET };
    await downloadInto({ files: [{ path: CONFIG }, { path: 'draft/unet/other.safetensors', from, sha256: digest }] });
    expect((await readFile(join(folder, 'draft/unet/other.safetensors'))).equals(weights)).toBe(true);
    expect(hub.requests).toContain(`HEAD /new/model/resolve/main/${CONFIG}`);
    expect(hub.requests).toContain(`HEAD /other/parts/resolve/abc/${UNET}`);
    const wrong = { path: 'draft/unet/wrong.safetensors', from, sha256: '0'.repeat(64) };
    expect(await failure({ files: [wrong] })).toMatch(/^draft\/unet\/wrong.safetensors: .*was damaged/);
  });

  test('over several connections, each of which continues the previous one', async () => {
    hub.faults.push(cut(200_000), cut(200_000), cut(0), cut(0));
    await downloadInto();
    await expectComplete();
    const offsets = gets().map((line) => Number(/bytes=(\d+)-/.exec(line)?.[1] ?? 0));
    expect(new Set(offsets).size).toBeGreaterThanOrEqual(3);
    expect(offsets).toEqual(offsets.toSorted((a, b) => a - b));
    expect(notes).toHaveLength(4);
    expect(notes[0]).toMatch(/^unet\/model\.safetensors: the connection broke \(.+\); trying again in 1 s$/);
  });

  test('after transient errors and a stalled connection', async () => {
    hub.faults.push(
      (response) => response.writeHead(503).end(),
      (response) => response.writeHead(429).end(),
    );
    await downloadInto();
    await rm(join(folder, UNET));
    hub.faults.push(() => undefined);
    await downloadInto({ stallMs: 100 });
    await expectComplete();
    expect(notes.filter((line) => line.includes('trying again')).join('\n')).toMatch(
      /503.*\n.*429.*\n.*no data for 0\.1 s/,
    );
  });

  test('from the position where an earlier call was stopped', async () => {
    const stop = new AbortController();
    hub.faults.push((response, body) => {
      response.writeHead(200, { 'content-length': body.length }).write(body.subarray(0, 100_000));
      setTimeout(() => stop.abort(), 100);
    });
    await expect(downloadInto({ signal: stop.signal })).rejects.toThrow('aborted');
    expect((await readdir(join(folder, 'unet'))).sort()).toEqual(['config.json', 'model.safetensors.part']);
    await downloadInto();
    await expectComplete();
    expect(gets().at(-1)).toMatch(/ bytes=100000-$/);
  });

  test('from the start if the server ignores ranges or the existing part does not match', async () => {
    await put(`${UNET}.part`, weights.subarray(0, 1000));
    hub.ranges = false;
    await downloadInto();
    await expectComplete();
    hub.ranges = true;
    await rm(join(folder, UNET));
    await put(`${UNET}.part`, Buffer.alloc(1000));
    await downloadInto();
    await expectComplete();
    expect(notes.at(-1)).toMatch(/the file does not match its earlier part \(SHA-256 .*; starting again$/);
    await rm(join(folder, UNET));
    await put(`${UNET}.part`, Buffer.alloc(weights.length + 1));
    await downloadInto();
    await expectComplete();
  });

  test('once: existing files are verified, and downloaded again only if damaged', async () => {
    const known = [
      { path: CONFIG, bytes: 7 },
      { path: UNET, bytes: weights.length, sha256: digest },
    ];
    await downloadInto({ files: known });
    hub.requests.length = 0;
    await downloadInto({ files: known });
    expect(hub.requests).toEqual([]);
    expect(notes).toEqual([`${CONFIG}: exists and is verified`, `${UNET}: exists and is verified`]);
    await put(UNET, Buffer.from(weights).fill(0, 9, 10));
    await put(CONFIG, Buffer.from('{"a":1]'));
    await downloadInto({ files: known });
    await expectComplete();
    expect(notes.slice(2).join('\n')).toMatch(
      /config\.json: not JSON; downloading.*\n.*SHA-256 [0-9a-f]{64} instead of/,
    );
  });
});

describe('a message of one line reports', () => {
  test('a wrong digest, and the file is deleted', async () => {
    const sha256 = '0'.repeat(64);
    expect(await failure({ files: [{ path: UNET, bytes: weights.length, sha256 }] })).toBe(
      `${UNET}: the file from the hub was damaged (SHA-256 ${digest} instead of ${sha256}), and was deleted`,
    );
    expect(await readdir(join(folder, 'unet'))).toEqual([]);
  });

  test.each([
    [1000, 'the file on the hub is larger than the expected 1000 bytes'],
    [600_000, 'the file on the hub is smaller than the expected 600000 bytes'],
  ])('a wrong size: %i bytes expected', async (bytes, reason) => {
    expect(await failure({ files: [{ path: UNET, bytes, sha256: digest }] })).toContain(reason);
  });

  test('a config that is not JSON', async () => {
    hub.files.set(CONFIG, Buffer.from('<html>'));
    expect(await failure()).toContain(`${CONFIG}: the file from the hub was damaged (not JSON)`);
  });

  test('a missing file, a refused access, a missing size, an unreachable hub, an invalid address and an invalid token', async () => {
    expect(await failure({ files: [{ path: 'x.json' }] })).toBe(
      `${hub.endpoint}/new/model/resolve/main/x.json: not found (404)`,
    );
    hub.refusal = 401;
    expect(await failure()).toMatch(/new\/model is gated \(401\): accept the terms on that page; set HF_TOKEN to/);
    hub.refusal = 403;
    expect(await failure({ token: 'hf_x' })).toMatch(/gated \(403\).*the account of HF_TOKEN has no access/);
    hub.refusal = 204;
    expect(await failure()).toContain('does not report the size');
    hub.refusal = null;
    await hub[Symbol.asyncDispose]();
    for (const files of [[{ path: UNET }], [{ path: UNET, bytes: 9, sha256: digest }]]) {
      expect(await failure({ files })).toMatch(
        /^cannot reach 127\.0\.0\.1:\d+ \(ECONNREFUSED\): check the connection, or set HF_ENDPOINT to a mirror/,
      );
    }
    expect({ notes, there: await readdir(folder) }).toEqual({ notes: [], there: [] });
    expect(await failure({ endpoint: 'mirror' })).toContain('HF_ENDPOINT must be an address');
    expect(await failure({ token: 'hf_\nx' })).toContain('HF_TOKEN has invalid characters');
  });

  test('a server that sends no new data', async () => {
    hub.faults.push(cut(1000), ...Array.from({ length: 3 }, () => cut(0)));
    expect(await failure()).toContain('the connection broke');
    hub.faults.push(
      ...Array.from({ length: 3 }, () => (response: Parameters<typeof send>[0]) => void response.writeHead(500).end()),
    );
    expect(await failure()).toContain('the hub responded with 500');
  });

  test('insufficient disk space, before the download starts', async () => {
    const bytes = 2 ** 52;
    expect(await failure({ files: [{ path: UNET, bytes, sha256: digest }] })).toMatch(
      /4503599\.63 GB are required, but only .* GB are free/,
    );
    expect(gets()).toEqual([]);
  });

  test('a folder name that is used by a file', async () => {
    await writeFile(join(folder, 'unet'), '');
    expect(await failure()).toMatch(/EEXIST|ENOTDIR/);
  });
});
