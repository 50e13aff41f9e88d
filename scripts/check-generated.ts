/** `node scripts/check-generated.ts`: fails where the committed generated code is not what `buf generate` makes today. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareFolders } from './compare-folders.ts';

const made = mkdtempSync(join(tmpdir(), 'cinematica-generated-'));
try {
  execFileSync('buf', ['generate', '--output', made], { stdio: 'inherit' });
  const outputs = [...readFileSync('buf.gen.yaml', 'utf8').matchAll(/^\s+out: *(\S+)$/gm)].map(
    (match) => match[1] ?? '',
  );
  const drift = outputs.flatMap((out) => compareFolders(out, join(made, out)).map((line) => `${out}/${line}`));
  for (const line of drift) console.error(line);
  if (drift.length > 0) {
    console.error('The generated code is not what the .proto files make: npm run generate, and commit the result.');
    process.exitCode = 1;
  }
} finally {
  rmSync(made, { recursive: true });
}
