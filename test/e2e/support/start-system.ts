import { rm } from 'node:fs/promises';
import { chromium } from 'playwright-core';
import type { TestProject } from 'vitest/node';
import { findBrowser } from '../../../scripts/setup/browsers.mjs';
import { webApp } from '../../../scripts/setup/web-app.mjs';
import { startRealSystem } from '../../support/real-system.ts';
import { ARTEFACTS, ROOT } from './paths.ts';
import { createTinyModel } from './tiny-model.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Address of the system that all tests share. */
    readonly site: string;
    /** Id of the process that started the services. */
    readonly launcher: number;
    /** WebSocket address of the browser server. */
    readonly browser: string;
  }
}

/** The timeouts are long, so that tests do not fail on a slow machine, nor a video that a test holds for a while. */
const RELAXED_TIMEOUTS = {
  ACK_WAIT_MS: '5000',
  REQUEST_TIMEOUT_MS: '5000',
  LEASE_MS: '5000',
  UNDO_MS: '60000',
  PROGRESS_DEADLINE_MS: '600000',
};

/** Starts one system and one browser for all tests. @returns the teardown */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  await using cleanup = new AsyncDisposableStack();
  const executablePath = findBrowser();
  if (executablePath === null)
    throw new Error('Chromium was not found: run npm test, which installs it, or set CHROMIUM to its path');
  await rm(ARTEFACTS, { recursive: true, force: true });

  const { WEB_HANDLER = '' } = await webApp(ROOT);
  const { folder } = cleanup.use(await createTinyModel());
  const settings = { ...RELAXED_TIMEOUTS, WEB_HANDLER, MAX_ACTIVE_PER_OWNER: '3' };
  const system = cleanup.use(await startRealSystem(settings, { model: folder }));
  const browser = await chromium.launchServer({ executablePath });
  cleanup.defer(() => browser.close());

  project.provide('site', system.url);
  project.provide('launcher', process.pid);
  project.provide('browser', browser.wsEndpoint());
  const kept = cleanup.move();
  return async () => {
    await kept.disposeAsync();
    console.log(`The screenshots of the tests are in ${ARTEFACTS}`);
  };
}
