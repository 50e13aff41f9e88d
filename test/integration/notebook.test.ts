import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findProgram } from '../../scripts/setup/find-program.mjs';
import { freePortPair } from '../support/port-pair.ts';

const project = resolve(import.meta.dirname, '../..');
const skipped = findProgram('python3') === null ? ' (skipped: python3 is missing)' : '';
let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'notebook-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Runs the cells with some of their settings replaced by Python expressions. */
async function runNotebook(settings: Readonly<Record<string, string>>, whenOpen?: () => Promise<void>) {
  const runner = join(import.meta.dirname, 'run-notebook.py');
  const values = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  const child = spawn('python3', [runner, join(project, 'examples', 'cinematica.ipynb'), ...values], {
    cwd: join(project, 'examples'),
    env: { ...process.env, EXECUTION_PROVIDER: 'cpu' },
  });
  let text = '';
  let opened: Promise<void> | undefined;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (opened || !text.includes('is ready: http')) return;
      opened = whenOpen?.().finally(() => child.stdin.end());
      // The error is thrown below.
      opened?.catch(() => undefined);
    });
  }
  const [status] = (await once(child, 'close')) as [number];
  await opened;
  return { status, text };
}

test.skipIf(skipped !== '')(`the notebook’s cells set up, and start the web app${skipped}`, async () => {
  const port = await freePortPair();
  const settings = { MODEL: '"nano"', PORT: String(port), DATA: JSON.stringify(join(folder, 'data')) };
  let page = '';
  const { status, text } = await runNotebook(settings, async () => {
    page = await (await fetch(`http://127.0.0.1:${port}/`)).text();
  });
  expect(text).toMatch(/\[1\][^]+Videos can be made here[^]+\[2\]\n\[3\][^]+Cinemática is ready: http/);
  expect(text).toContain(`ssh -L ${port}:127.0.0.1:${port}`);
  expect(page).toContain('Cinemática');
  expect(status).toBe(0);
  await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
});

test.skipIf(skipped !== '')(`the notebook shows the licence, and stops without its acceptance${skipped}`, async () => {
  const { status, text } = await runNotebook({});
  expect(text).toContain('Stability AI Community License');
  expect(text).toContain('set ACCEPT_LICENCE = True, and run this cell again.');
  expect(text).not.toContain('[3]');
  expect(status).toBe(1);
});
