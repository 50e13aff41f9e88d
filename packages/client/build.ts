/**
 * `npm run build-client -- DIR`: builds the package that is published, with the part of `packages/protocol` that it
 * uses. `npm publish DIR` publishes it.
 */
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';

const packages = resolve(import.meta.dirname, '..');

/** Where the imports of packages that are not published lead to. */
const INCLUDED: Readonly<Record<string, string>> = {
  '@cinematica/protocol/v1': 'protocol/src/v1.js',
  '@cinematica/protocol/error-details': 'protocol/src/error-details.js',
  // Systems validate requests. Without the rules, their library is not needed.
  '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js': 'protocol/src/empty-protovalidate.js',
};

/** @throws Error with the errors of the type check, or when the folder has other files */
export async function buildClient(folder: string): Promise<void> {
  await requireReplaceable(folder);
  await rm(folder, { recursive: true, force: true });
  // The files of the other package come first: the compiler emits nothing for what it first finds in node_modules.
  const included = Object.values(INCLUDED).map((file) => file.replace(/js$/, 'ts'));
  const entries = [...included, 'client/src/index.ts', 'client/src/node.ts'];
  const program = ts.createProgram(
    entries.map((entry) => join(packages, entry)),
    {
      target: ts.ScriptTarget.ES2022,
      lib: ['lib.es2024.d.ts'],
      types: ['node'],
      typeRoots: [join(packages, '../node_modules/@types')],
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      strict: true,
      skipLibCheck: true,
      declaration: true,
      allowImportingTsExtensions: true,
      rewriteRelativeImportExtensions: true,
      rootDir: packages,
      outDir: folder,
    },
  );
  const written: Promise<void>[] = [];
  const { diagnostics } = program.emit(undefined, (file, text) => written.push(write(folder, file, text)));
  const errors = [...ts.getPreEmitDiagnostics(program), ...diagnostics];
  if (errors.length > 0) throw new Error(ts.formatDiagnostics(errors, host));
  await Promise.all(written);
  await writePackage(folder);
}

/** The folder is replaced, so it must be empty, or an earlier build. @throws Error that says so */
async function requireReplaceable(folder: string): Promise<void> {
  if (!existsSync(folder) || (await readdir(folder)).length === 0) return;
  const manifest = await readFile(join(folder, 'package.json'), 'utf8').catch(() => '{}');
  if ((JSON.parse(manifest) as { name?: unknown }).name === '@cinematica/client' && folder !== join(packages, 'client'))
    return;
  throw new Error(`${folder} has other files, which a build would delete: name a new folder`);
}

const host: ts.FormatDiagnosticsHost = {
  getCurrentDirectory: () => packages,
  getCanonicalFileName: (name) => name,
  getNewLine: () => '\n',
};

async function write(folder: string, file: string, text: string): Promise<void> {
  const here = dirname(file);
  const rewritten = text.replace(/(?<=from |import )(["'])([^"']+)\1/g, (whole, quote: string, specifier: string) => {
    const target = INCLUDED[specifier];
    if (target !== undefined) return `${quote}${relativeTo(here, join(folder, target))}${quote}`;
    // The compiler does not rewrite the extensions in declarations.
    return specifier.startsWith('.') ? whole.replace(/\.ts(["'])$/, '.js$1') : whole;
  });
  await mkdir(here, { recursive: true });
  await writeFile(file, rewritten);
}

function relativeTo(from: string, to: string): string {
  const path = relative(from, to);
  return path.startsWith('.') ? path : `./${path}`;
}

async function writePackage(folder: string): Promise<void> {
  const manifest = JSON.parse(await readFile(join(packages, 'client/package.json'), 'utf8')) as Record<string, unknown>;
  delete manifest.devDependencies;
  const entry = (name: string) => ({ types: `./client/src/${name}.d.ts`, default: `./client/src/${name}.js` });
  manifest.exports = { '.': entry('index'), './node': entry('node') };
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  await copyFile(join(packages, '../LICENSE'), join(folder, 'LICENSE'));
  await copyFile(join(packages, 'client/README.md'), join(folder, 'README.md'));
}

if (import.meta.main) {
  const [folder] = process.argv.slice(2);
  if (folder === undefined) {
    console.error('usage: npm run build-client -- DIR');
    process.exit(2);
  }
  try {
    await buildClient(resolve(folder));
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}
