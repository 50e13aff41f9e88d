import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { webApp } from '../../scripts/setup/web-app.mjs';

/** The app in its own process, as it runs when the gateway does not serve it. */
export interface ServedApp extends AsyncDisposable {
  readonly url: string;
}

/** Builds the app if its sources have changed, and serves it. */
export async function serveApp(): Promise<ServedApp> {
  const { WEB_HANDLER = '' } = await webApp(dirname(dirname(import.meta.dirname)));
  const child = spawn(process.execPath, [join(dirname(WEB_HANDLER), 'index.js')], {
    env: { ...process.env, NODE_ENV: 'production', HOST: '127.0.0.1', PORT: '0', PROTOCOL_HEADER: 'x-forwarded-proto' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const url = await firstAddress(createInterface(child.stdout));
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.kill();
      await exited;
    },
  };
}

async function firstAddress(lines: AsyncIterable<string>): Promise<string> {
  for await (const line of lines) {
    const [address] = /http:\S+/.exec(line) ?? [];
    if (address !== undefined) return address;
  }
  throw new Error('the app exited before it listened');
}
