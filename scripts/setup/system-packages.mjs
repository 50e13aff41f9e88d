import { existsSync, readFileSync } from 'node:fs';
import { findBrowser, hasWebKit } from './browsers.mjs';
import { findProgram } from './find-program.mjs';
import { runQuietly } from './run.mjs';
import { say, SetupError } from './say.mjs';

/**
 * Something that a task needs and the system's package manager may provide.
 *
 * @typedef {object} SystemNeed
 * @property {string} what the packages' names for apt-get and brew, separated by spaces
 * @property {() => boolean} present
 * @property {() => boolean} offered whether this system's package manager has it
 * @property {boolean} optional whether the task also works without it
 * @property {string} missing the message when it can't be installed
 */

export const ffmpeg = need({
  what: 'ffmpeg',
  present: () => findProgram('ffmpeg') !== null && findProgram('ffprobe') !== null,
  offered: () => true,
  optional: false,
  missing: 'ffmpeg is needed and could not be installed: install it with your package manager, and run this again.',
});

/** A software Vulkan driver for the WebGPU test. Debian's chromium contains one that ONNX Runtime accepts. */
export const swiftShader = need({
  what: 'chromium',
  present: () => existsSync('/usr/lib/chromium/vk_swiftshader_icd.json'),
  // ONNX Runtime's WebGPU for Node is built for this one platform. Ubuntu's chromium is a snap, without the driver.
  offered: () => process.platform === 'linux' && process.arch === 'x64' && isDebian(),
  optional: true,
  missing: 'The WebGPU test is skipped: it needs the SwiftShader driver of Debian’s chromium package (linux-x64).',
});

/** For the tests in real browsers, which are skipped without it. */
export const chromium = need({
  what: 'chromium',
  present: () => findBrowser() !== null,
  // Ubuntu's chromium is a snap, and Homebrew's does not start until its user has allowed it.
  offered: isDebian,
  optional: true,
  missing: 'The tests in browsers are skipped: they need Chromium or Chrome. Install it, or set CHROMIUM to its path.',
});

/** WebKit, the browser engine of iPhones. It needs a virtual screen and a decoder for H.264. */
export const webKit = need({
  what: 'webkit2gtk-driver xvfb gstreamer1.0-plugins-good gstreamer1.0-libav',
  present: hasWebKit,
  offered: () => process.platform === 'linux' && findProgram('apt-get') !== null,
  optional: true,
  missing: 'The test in WebKit is skipped: it needs Debian’s webkit2gtk-driver and xvfb.',
});

/**
 * @param {SystemNeed} wanted
 * @returns {import('./tasks.mjs').Need}
 */
function need(wanted) {
  return async () => {
    await ensureSystemPackage(wanted);
    return {};
  };
}

/**
 * Installs packages with apt-get, if that needs no password, or with Homebrew.
 *
 * @param {SystemNeed} need
 * @throws {SetupError} when it is missing, can't be installed, and is not optional
 */
async function ensureSystemPackage(need) {
  if (need.present()) return;
  const manager = need.offered() ? await packageManager() : null;
  let why = '';
  if (manager !== null) {
    say(`Installing ${need.what} with ${manager.name}`);
    try {
      await manager.install(need.what);
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      why = `${error.message}\n`;
    }
    if (need.present()) return;
  }
  // On CI nobody reads the message, so everything that the package manager offers must be installed.
  const skip = need.optional && !(need.offered() && process.env.CI);
  if (!skip) throw new SetupError(`${why}${need.missing}`);
  say(need.missing);
}

/** @returns {Promise<{ name: string, install(what: string): Promise<void> } | null>} */
async function packageManager() {
  if (findProgram('apt-get') !== null) {
    const sudo = process.getuid?.() !== 0;
    if (sudo && !(await succeeds('sudo', ['-n', 'true']))) return null;
    const command = sudo ? 'sudo' : 'env';
    const args = [...(sudo ? ['-n', 'env'] : []), 'DEBIAN_FRONTEND=noninteractive', 'apt-get'];
    return {
      name: 'apt-get',
      async install(what) {
        // An update also fails when one of several sources is unreachable. The install shows whether that matters.
        await succeeds(command, [...args, 'update']);
        await runQuietly(command, [...args, 'install', '-y', '--no-install-recommends', ...what.split(' ')]);
      },
    };
  }
  if (findProgram('brew') !== null)
    return { name: 'brew', install: (what) => runQuietly('brew', ['install', ...what.split(' ')]) };
  return null;
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 */
function succeeds(command, args) {
  return runQuietly(command, args).then(
    () => true,
    () => false,
  );
}

function isDebian() {
  return existsSync('/etc/os-release') && /^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8'));
}
