import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { freePorts } from '../../../scripts/launch/ports.ts';

/** A window of Debian's WebKit, controlled by the WebDriver protocol. */
export interface WebKitWindow extends AsyncDisposable {
  open(url: string): Promise<void>;
  /** Clicks an element. */
  click(css: string): Promise<void>;
  /** Runs the body of a function in the page. */
  run(body: string): Promise<unknown>;
  /** A PNG of the visible page. */
  screenshot(): Promise<Buffer>;
}

/** The key of an element's id in answers, as the protocol defines it. */
const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';

export async function openWebKit(): Promise<WebKitWindow> {
  await using cleanup = new AsyncDisposableStack();
  const screen = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '800x1200x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  cleanup.defer(() => stop(screen));
  const [display = ''] = (await once(createInterface(screen.stdio[3] as Readable), 'line')) as string[];

  const [port = 0] = await freePorts(1);
  const driver = spawn('WebKitWebDriver', [`--port=${port}`], {
    env: { ...process.env, DISPLAY: `:${display}`, GDK_BACKEND: 'x11' },
    stdio: 'ignore',
  });
  cleanup.defer(() => stop(driver));

  const call = async (method: string, path: string, body?: object): Promise<unknown> => {
    const response = await fetch(`http://127.0.0.1:${port}/${path}`, {
      method,
      ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const { value } = (await response.json()) as { readonly value: unknown };
    if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(value)}`);
    return value;
  };
  await retryUntilAnswered(() => call('GET', 'status'));
  const { sessionId } = (await call('POST', 'session', { capabilities: {} })) as { readonly sessionId: string };
  const session = `session/${sessionId}`;
  cleanup.defer(async () => {
    await call('DELETE', session);
  });

  const kept = cleanup.move();
  return {
    async open(url) {
      await call('POST', `${session}/url`, { url });
    },
    async click(css) {
      const found = (await call('POST', `${session}/element`, { using: 'css selector', value: css })) as {
        readonly [ELEMENT]: string;
      };
      await call('POST', `${session}/element/${found[ELEMENT]}/click`, {});
    },
    run: (body) => call('POST', `${session}/execute/sync`, { script: body, args: [] }),
    screenshot: async () => Buffer.from((await call('GET', `${session}/screenshot`)) as string, 'base64'),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function retryUntilAnswered(call: () => Promise<unknown>): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await call();
      return;
    } catch (error) {
      if (tries === 100) throw error;
      await delay(100);
    }
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill();
  await exited;
}
