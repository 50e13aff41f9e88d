import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { stubPage } from '../../../test/fake-browser.ts';
import type { FakePage } from '../../../test/fake-browser.ts';
import { install, keepInstallOffers } from './install.svelte.ts';

let page: FakePage;
let stop: AbortController;

beforeEach(() => {
  page = stubPage();
  stop = new AbortController();
  keepInstallOffers(stop.signal);
});

afterEach(() => {
  // The offer is a module's state: an installation removes it.
  page.fire('appinstalled');
  stop.abort();
  vi.unstubAllGlobals();
});

const offer = (outcome: 'accepted' | 'dismissed'): void =>
  page.fire('beforeinstallprompt', { prompt: () => Promise.resolve({ outcome }) });

test('the browser’s offer can be used once', async () => {
  expect(install.available).toBe(false);
  offer('accepted');
  expect(install.available).toBe(true);
  expect(await install.prompt()).toBe(true);
  expect(install.available).toBe(false);
  expect(await install.prompt()).toBe(false);
});

test('a user who dismisses the prompt has not installed the app', async () => {
  offer('dismissed');
  expect(await install.prompt()).toBe(false);
});

test('the offer ends when the app is installed in another way', () => {
  offer('accepted');
  page.fire('appinstalled');
  expect(install.available).toBe(false);
});
