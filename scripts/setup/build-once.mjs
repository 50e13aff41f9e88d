import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { oneAtATime } from './one-at-a-time.mjs';
import { say } from './say.mjs';

/** What no build reads: installed packages, tests with their helpers, and what is generated from other sources. */
const NOT_READ = /\.test\.ts$|\/(node_modules|testing|fixtures)$|^web\/src\/lib\/i18n\/gen$/;

const HOUR_MS = 3_600_000;
/** Builds that were used in this time are kept: a running system marks its own ones more often, see {@link keepUsed}. Milliseconds. */
const IN_USE_MS = 24 * HOUR_MS;
/** How many others are kept, and for how long, so that going back to earlier sources needs no build. Milliseconds. */
const MAX_UNUSED = 3;
const KEPT_MS = 7 * 24 * HOUR_MS;

/**
 * Builds something in `.cache/NAME/`, unless it was built from the same sources before.
 *
 * @param {string} root
 * @param {string} name
 * @param {string} title of the line for the user
 * @param {readonly string[]} sources files and folders that the build reads, from the project's root
 * @param {(folder: string, stamp: string) => Promise<void>} build writes to the folder, which it creates
 * @returns {Promise<string>} the folder
 * @throws {import('./say.mjs').SetupError} with the output of a failed build
 */
export async function buildOnce(root, name, title, sources, build) {
  const builds = join(root, '.cache', name);
  const stamp = (await stampOf(root, sources)).slice(0, 16);
  const folder = join(builds, stamp);
  if (await use(folder)) return folder;
  // Two builds might write to the same files.
  await oneAtATime(`${builds}.lock`, async () => {
    if (await use(folder)) return;
    say(title);
    // Under a temporary name, so that an interrupted build is not mistaken for a complete one.
    const partial = `${folder}.${process.pid}`;
    try {
      await build(partial, stamp);
      await rename(partial, folder);
    } finally {
      await rm(partial, { recursive: true, force: true });
    }
    await removeUnused(builds);
  });
  return folder;
}

/**
 * A digest of all inputs of a build.
 *
 * @param {string} root
 * @param {readonly string[]} sources
 * @returns {Promise<string>} SHA-256 in hex
 */
export async function stampOf(root, sources) {
  const hash = createHash('sha256');
  for (const source of sources) {
    for (const file of await filesOf(root, source)) {
      hash.update(JSON.stringify(file));
      hash.update(
        createHash('sha256')
          .update(await readFile(join(root, file)))
          .digest(),
      );
    }
  }
  return hash.digest('hex');
}

/**
 * @param {string} root
 * @param {string} path of a file or a folder in it
 * @returns {Promise<string[]>} the file, or all files below the folder that a build reads, always in the same order
 */
async function filesOf(root, path) {
  if (NOT_READ.test(path)) return [];
  if (!(await stat(join(root, path))).isDirectory()) return [path];
  const names = (await readdir(join(root, path))).sort();
  return (await Promise.all(names.map((name) => filesOf(root, `${path}/${name}`)))).flat();
}

/**
 * Marks a build as used now.
 *
 * @param {string} folder
 * @returns {Promise<boolean>} whether there is one
 */
async function use(folder) {
  if (!existsSync(folder)) return false;
  const now = new Date();
  await utimes(folder, now, now);
  return true;
}

/**
 * Marks builds as used, now and every hour, as long as this process runs: a build from other sources must not remove them.
 *
 * @param {readonly string[]} folders
 */
export function keepUsed(folders) {
  const mark = () => {
    for (const folder of folders) use(folder).catch(() => undefined);
  };
  mark();
  setInterval(mark, HOUR_MS).unref();
}

/**
 * Removes the builds that no running system uses, except for some that were used in the last week.
 *
 * @param {string} builds
 */
async function removeUnused(builds) {
  const now = Date.now();
  const unused = [];
  for (const name of await readdir(builds)) {
    if (!/^[\da-f]{16}$/.test(name)) continue;
    const folder = join(builds, name);
    const age = now - (await stat(folder)).mtimeMs;
    if (age > IN_USE_MS) unused.push({ folder, age });
  }
  unused.sort((a, b) => a.age - b.age);
  for (const [index, { folder, age }] of unused.entries()) {
    if (index < MAX_UNUSED && age < KEPT_MS) continue;
    await rm(folder, { recursive: true, force: true });
  }
}
