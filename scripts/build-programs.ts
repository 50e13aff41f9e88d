/**
 * `node scripts/build-programs.ts FOLDER [SOURCE…]`: bundles the programs, because a process that reads a few files starts in a
 * third of the time of one that reads a thousand modules. A bundle does the same as its sources. Without sources, which are paths
 * from the project's root, all programs of the system are bundled.
 */
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { rolldown } from 'rolldown';
import type { Plugin } from 'rolldown';
import { bundleName, PROGRAMS } from './setup/programs.mjs';

const root = dirname(import.meta.dirname);
const [folder, ...sources] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: node scripts/build-programs.ts FOLDER [SOURCE…]');
const out = resolve(folder);

/** Packages that find native libraries or other files beside their code. The bundles import them from where they are. */
const NOT_BUNDLED = /^(fluent-ffmpeg|libheif-js|onnxruntime-node|sharp)(\/|$)/;

/** Each bundle begins with this: the path of a file, from its path relative to the bundles. */
const INTRO = `
import { join as joinPaths } from 'node:path';
const fromBundle = (path) => joinPaths(import.meta.dirname, path);
`;

/** The URL of another program, which a source starts in a thread or a child process; or the place of the source itself. */
const PLACES =
  /new URL\('(?<program>\.{1,2}\/[^']+\.ts)', import\.meta\.url\)|import\.meta\.(?<url>url)|import\.meta\.dirname|\b__dirname\b/g;

/** A relative path in JavaScript: from the folder of the bundles. */
const quoted = (path: string): string => JSON.stringify(relative(out, path).split(sep).join('/'));

/** Sources keep their places, by which they find files. The programs that they start become bundles as well. */
const keepPlaces: Plugin = {
  name: 'keep-places',
  transform: {
    filter: { code: /import\.meta\.|\b__dirname\b/ },
    handler(code, id) {
      return code.replaceAll(PLACES, (...match) => {
        const { program, url } = match.at(-1) as { readonly program?: string; readonly url?: string };
        if (program !== undefined) {
          const file = join(dirname(id), program);
          const fileName = bundleName(relative(root, file));
          this.emitFile({ type: 'chunk', id: file, fileName });
          return `new URL('./${fileName}', import.meta.url)`;
        }
        if (url !== undefined) return `new URL(${quoted(id)}, import.meta.url).href`;
        return `fromBundle(${quoted(dirname(id))})`;
      });
    },
  },
};

const importInPlace: Plugin = {
  name: 'import-in-place',
  resolveId: {
    filter: { id: NOT_BUNDLED },
    handler: (id, importer) => ({ id: createRequire(importer ?? root).resolve(id), external: 'absolute' }),
  },
};

const bundle = await rolldown({
  input: Object.fromEntries(
    (sources.length > 0 ? sources : PROGRAMS).map((source) => [bundleName(source), join(root, source)]),
  ),
  platform: 'node',
  plugins: [keepPlaces, importInPlace],
  onLog: (level, { message }) => {
    if (level === 'warn') throw new Error(message);
  },
});
await bundle.write({
  dir: out,
  format: 'esm',
  intro: INTRO,
  entryFileNames: '[name]',
  chunkFileNames: 'shared-[hash].js',
  paths: (id) => (id.startsWith(root) ? relative(out, id).split(sep).join('/') : id),
});
