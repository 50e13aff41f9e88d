import { pipelineSettings } from '@cinematica/pipeline';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { freePorts } from '../../../scripts/launch/ports.ts';
import { findProgram } from '../../../scripts/setup/find-program.mjs';
import { createGuardedHttp } from './http/guarded-http.ts';
import { newWebhookSecret, parseWebhookSecrets } from './webhooks/secrets.ts';
import { sendWebhook } from './webhooks/send.ts';

const ROOT = join(import.meta.dirname, '../../..');
const EVENT = {
  id: 'evt_1',
  type: 'video.completed',
  body: JSON.stringify({ type: 'video.completed', data: { name: 'videos/1 ☃' } }),
};
const python = findProgram('python3');

/** The first block of code of a language in docs/webhooks.md. */
async function exampleIn(language: string): Promise<string> {
  const page = await readFile(join(ROOT, 'docs/webhooks.md'), 'utf8');
  return new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'ms').exec(page)?.[1] ?? '';
}

test.each([
  ['TypeScript', 'ts', process.execPath, ['--input-type=module-typescript', '--no-warnings', '--eval']],
  ['Python', 'python', python, ['-c']],
] as const)(
  'the receiver in %s of the documentation accepts events and refuses others',
  async (_, language, program, args) => {
    // Where there is no Python, only the other example is run.
    if (program === null) return;
    const [port = 0] = await freePorts(1);
    const secret = newWebhookSecret();
    const receiver = spawn(program, [...args, await exampleIn(language)], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { PATH: process.env.PATH, PORT: String(port), WEBHOOK_SECRET: secret },
    });
    let printed = '';
    receiver.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
    const rules = pipelineSettings({ OUTBOUND_UNSAFE_ALLOW_HTTP_AND_PRIVATE_ADDRESSES: true });
    const send = (signedWith: string) =>
      sendWebhook(createGuardedHttp({ rules }), `http://127.0.0.1:${port}/`, EVENT, {
        rules,
        secrets: parseWebhookSecrets(`* ${signedWith}`).of('key-ann'),
        timeoutMs: 5_000,
        signal: AbortSignal.timeout(10_000),
      });
    try {
      let outcome = await send(newWebhookSecret());
      for (let tries = 0; tries < 100 && outcome.status === 0; tries++) {
        await delay(50);
        outcome = await send(newWebhookSecret());
      }
      expect(outcome).toMatchObject({ kind: 'failed', status: 401 });
      const unsigned = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: '{}' });
      expect(unsigned.status).toBe(401);
      expect(await send(secret)).toEqual({ kind: 'delivered', status: 204 });
      await expect.poll(() => printed).toBe('video.completed videos/1 ☃\n');
    } finally {
      receiver.kill();
      await once(receiver, 'exit');
    }
  },
);
