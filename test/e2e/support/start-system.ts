import { rm } from 'node:fs/promises';
import { chromium } from 'playwright-core';
import type { TestProject } from 'vitest/node';
import { findBrowser } from '../../../scripts/setup/browsers.mjs';
import { webApp } from '../../../scripts/setup/web-app.mjs';
import { startRealSystem } from '../../support/real-system.ts';
import { ARTEFACTS, ROOT } from './places.ts';
import { makeSmallModel } from './small-model.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the system is that all tests share. */
    readonly site: string;
    /** The process that its services are children of. */
    readonly launcher: number;
    /** Where Chromium can be driven. */
    readonly browser: string;
  }
}

/** For people: nothing here is to happen because a machine was slow for a moment. */
const UNHURRIED = { ACK_WAIT_MS: '5000', REQUEST_TIMEOUT_MS: '5000', LEASE_MS: '5000', UNDO_MS: '60000' };

/** Starts one system and one browser for all tests. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  await using cleanup = new AsyncDisposableStack();
  const executablePath = findBrowser();
  if (executablePath === null)
    throw new Error('these tests need Chromium: npm test gets it; or set CHROMIUM to its path');
  await rm(ARTEFACTS, { recursive: true, force: true });

  const { WEB_HANDLER = '' } = await webApp(ROOT);
  const { folder } = cleanup.use(await makeSmallModel());
  const settings = { ...UNHURRIED, WEB_HANDLER, MAX_ACTIVE_PER_OWNER: '3' };
  const system = cleanup.use(await startRealSystem(settings, folder));
  const browser = await chromium.launchServer({ executablePath });
  cleanup.defer(() => browser.close());

  project.provide('site', system.url);
  project.provide('launcher', process.pid);
  project.provide('browser', browser.wsEndpoint());
  const kept = cleanup.move();
  return async () => {
    await kept.disposeAsync();
    console.log(`The screenshots of these tests: ${ARTEFACTS}`);
  };
}
