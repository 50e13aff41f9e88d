/**
 * `node scripts/check-breaking.ts`: fails when the .proto files break those of the last release, whose descriptors are in
 * `proto/release.binpb`. `scripts/set-version.ts` writes that file, so the check needs no tags of git.
 */
import { execFileSync } from 'node:child_process';

const RELEASE = 'proto/release.binpb';
/** What an earlier version stored must stay readable. The rules for the API, whose names must stay too, are in buf.yaml. */
const STORED_RECORDS = JSON.stringify({ version: 'v2', breaking: { use: ['WIRE'] } });

try {
  execFileSync('buf', ['breaking', 'proto', '--against', RELEASE], { stdio: 'inherit' });
  const current = execFileSync('buf', ['build', 'proto', '--output', '-'], { stdio: ['ignore', 'pipe', 'inherit'] });
  execFileSync('buf', ['breaking', '-', '--config', STORED_RECORDS, '--against', RELEASE], {
    input: current,
    stdio: ['pipe', 'inherit', 'inherit'],
  });
} catch {
  console.error('The .proto files break the API or the stored records of the last release.');
  process.exitCode = 1;
}
