import { existsSync } from 'node:fs';
import { findProgram } from './find-program.mjs';

/** @returns {string | null} the path of a Chromium or a Chrome */
export function findBrowser() {
  const mac = '/Applications/Chromium.app/Contents/MacOS/Chromium';
  return (
    process.env.CHROMIUM ?? findProgram('chromium') ?? findProgram('google-chrome') ?? (existsSync(mac) ? mac : null)
  );
}

/** Whether WebKit can be automated: with Debian's WebKitWebDriver and a virtual screen. */
export function hasWebKit() {
  return findProgram('WebKitWebDriver') !== null && findProgram('Xvfb') !== null;
}
