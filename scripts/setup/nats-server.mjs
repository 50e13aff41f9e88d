import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from './find-program.mjs';
import { debianPackage } from './nats-debian.mjs';
import { officialRelease } from './nats-release.mjs';
import { runQuietly } from './run.mjs';
import { say, SetupError } from './say.mjs';
import { atLeast } from './version.mjs';

/** Older servers have no `sync_interval`: a power failure may lose acknowledged messages. */
const OLDEST = '2.10.27';

/**
 * Finds or installs nats-server.
 *
 * @type {import('./tasks.mjs').Need}
 * @throws {SetupError} when it can neither be found nor installed
 */
export async function natsServer(root) {
  return { NATS_SERVER: (await findNatsServer(root)) ?? (await installNatsServer(root)) };
}

/**
 * Finds or installs nats-server, unless NATS_URL names a running server.
 *
 * @type {import('./tasks.mjs').Need}
 * @throws {SetupError} when it can neither be found nor installed
 */
export async function natsServerOrUrl(root) {
  return process.env.NATS_URL ? {} : natsServer(root);
}

/**
 * Looks for nats-server in NATS_SERVER, on PATH, in /usr/sbin (Debian's package, usually not on PATH) and in the project's
 * cache.
 *
 * @param {string} root
 * @returns {Promise<string | null>} the path of the first that is new enough
 */
export async function findNatsServer(root) {
  const cached = [officialRelease, debianPackage].map((source) => join(cacheFolder(root, source.version), PROGRAM));
  for (const program of [process.env.NATS_SERVER, findProgram(PROGRAM), `/usr/sbin/${PROGRAM}`, ...cached]) {
    if (program && (await isNewEnough(program))) return program;
  }
  return null;
}

/**
 * @param {string} root
 * @returns {Promise<string>} the program's path
 */
async function installNatsServer(root) {
  const why = [];
  for (const source of [officialRelease, debianPackage]) {
    const reason = source.unfit();
    if (reason === null) {
      say(`Installing nats-server ${source.version} into .cache (${source.name})`);
      try {
        const folder = cacheFolder(root, source.version);
        await source.install(folder);
        const program = join(folder, PROGRAM);
        if (await isNewEnough(program)) return program;
        why.push(`${source.name}: it does not run on this system`);
      } catch (error) {
        if (!(error instanceof SetupError)) throw error;
        why.push(`${source.name}: ${error.message.trim()}`);
      }
    } else {
      why.push(`${source.name}: ${reason}`);
    }
  }
  if (findProgram('brew') !== null) {
    say('Installing nats-server with brew');
    await runQuietly('brew', ['install', PROGRAM]);
    const program = findProgram(PROGRAM);
    if (program !== null && (await isNewEnough(program))) return program;
  }
  throw new SetupError(
    `nats-server ${OLDEST} or newer is needed and could not be installed (${why.join('; ')}): ` +
      'put one on PATH, or set NATS_URL to a running server.',
  );
}

const PROGRAM = 'nats-server';

/**
 * @param {string} root
 * @param {string} version
 */
function cacheFolder(root, version) {
  return join(root, '.cache', 'tools', `nats-server-${version}`);
}

/** @param {string} program */
async function isNewEnough(program) {
  if (!existsSync(program)) return false;
  try {
    const { stdout } = await promisify(execFile)(program, ['--version'], { timeout: 10_000 });
    const version = /\bv(\d+\.\d+\.\d+)/.exec(stdout)?.[1];
    return version !== undefined && atLeast(version, OLDEST);
  } catch {
    return false;
  }
}
