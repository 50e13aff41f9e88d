/**
 * `node scripts/check-breaking.ts`: fails when the .proto files break those of the last release, whose descriptors are in
 * `proto/release.binpb`. `scripts/set-version.ts` writes that file, so the check needs no tags of git.
 */
import { execFileSync } from 'node:child_process';
import { globSync } from 'node:fs';

const RELEASE = 'proto/release.binpb';
/** Packages whose names may change, because only the services read them. */
const INTERNAL = globSync('*/internal', { cwd: 'proto' });

/** The API: names and numbers must stay. Version 0.2.0 had no Go package, so naming one does not break anybody. */
const API = { use: ['FILE'], except: ['FILE_SAME_GO_PACKAGE'], ignore: INTERNAL };
/** What an earlier version stored must stay readable. */
const STORED_RECORDS = { use: ['WIRE'] };

try {
  const current = execFileSync('buf', ['build', 'proto', '--output', '-'], { stdio: ['ignore', 'pipe', 'inherit'] });
  for (const breaking of [API, STORED_RECORDS]) {
    const config = JSON.stringify({ version: 'v2', breaking });
    execFileSync('buf', ['breaking', '-', '--config', config, '--against', RELEASE], {
      input: current,
      stdio: ['pipe', 'inherit', 'inherit'],
    });
  }
} catch {
  console.error('The .proto files break the API or the stored records of the last release.');
  process.exitCode = 1;
}
