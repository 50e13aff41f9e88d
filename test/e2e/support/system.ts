import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';
import { inject, test as base } from 'vitest';
import { findBrowser } from '../../../scripts/setup/browsers.mjs';
import { startRealSystem } from '../../support/real-system.ts';
import { createTinyModel } from './tiny-model.ts';

/** Long timeouts, so that a slow machine does not make tests fail. */
const RELAXED_TIMEOUTS = { ACK_WAIT_MS: '5000', REQUEST_TIMEOUT_MS: '5000', LEASE_MS: '5000', UNDO_MS: '60000' };

let url: string | undefined;

/** The address of the system that the tests of this process share. Only tests with its fixture may ask. */
export function site(): string {
  if (url === undefined) throw new Error('the system is not running: the test does not use the fixture “system”');
  return url;
}

/** Tests with a system and a browser, which all tests of this process share. The tests of other processes have their own. */
export const test = base
  .extend('system', { scope: 'worker' }, async ({}, { onCleanup }): Promise<string> => {
    const model = await createTinyModel();
    onCleanup(() => model[Symbol.asyncDispose]());
    const settings = { ...RELAXED_TIMEOUTS, WEB_HANDLER: inject('webHandler'), MAX_ACTIVE_PER_OWNER: '3' };
    const system = await startRealSystem(settings, { model: model.folder });
    onCleanup(() => system[Symbol.asyncDispose]());
    url = system.url;
    return url;
  })
  .extend('browser', { scope: 'worker' }, async ({}, { onCleanup }): Promise<Browser> => {
    const browser = await chromium.launch({ executablePath: findBrowser()! });
    onCleanup(() => browser.close());
    return browser;
  });
