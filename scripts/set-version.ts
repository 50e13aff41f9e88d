/**
 * `node scripts/set-version.ts X.Y.Z`: prepares a release. Sets the version of all packages, and of the images that manifests
 * and documents name, and writes the descriptors that later .proto files are compared with (`scripts/check-breaking.ts`).
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const [version = ''] = process.argv.slice(2);
if (!/^\d+\.\d+\.\d+$/.test(version)) {
  console.error('usage: node scripts/set-version.ts X.Y.Z');
  process.exit(2);
}

const packages = ['package.json', '*/package.json', '*/*/package.json'];
const files = execFileSync('git', ['ls-files', ...packages, 'deploy', 'docs'], { cwd: root, encoding: 'utf8' });
for (const file of files.trim().split('\n')) {
  if (!/\.(json|ya?ml|md|sh)$|Dockerfile$/.test(file)) continue;
  const text = readFileSync(join(root, file), 'utf8');
  const changed = file.endsWith('package.json')
    ? text.replace(/^(  "version": ")[^"]+/m, `$1${version}`)
    : text.replaceAll(/(cinematica\/(?:service|gpu):|cinematica\/.*newTag: |--tag )\d+\.\d+\.\d+/g, `$1${version}`);
  if (changed === text) continue;
  writeFileSync(join(root, file), changed);
  console.log(file);
}

const RELEASE = 'proto/release.binpb';
const buf = join(root, 'node_modules', '.bin', 'buf');
execFileSync(buf, ['build', 'proto', '--exclude-source-info', '--output', RELEASE], { cwd: root, stdio: 'inherit' });
console.log(RELEASE);
