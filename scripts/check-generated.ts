/** `node scripts/check-generated.ts`: fails when a committed generated file differs from what `npm run generate` writes. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareFolders } from './compare-folders.ts';
import { ACCOUNTS_FILE, natsAccounts } from './nats-accounts.ts';
import { KERNELS_FILE, kernelsModule } from './kernels.ts';

const made = mkdtempSync(join(tmpdir(), 'cinematica-generated-'));
try {
  execFileSync('buf', ['generate', '--output', made], { stdio: 'inherit' });
  const outputs = [...readFileSync('buf.gen.yaml', 'utf8').matchAll(/^\s+out: *(\S+)$/gm)].map(
    (match) => match[1] ?? '',
  );
  const drift = outputs.flatMap((out) => compareFolders(out, join(made, out)).map((line) => `${out}/${line}`));
  if (readFileSync(ACCOUNTS_FILE, 'utf8') !== natsAccounts()) drift.push(`${ACCOUNTS_FILE}: differs`);
  if (readFileSync(KERNELS_FILE, 'utf8') !== (await kernelsModule())) drift.push(`${KERNELS_FILE}: differs`);
  for (const line of drift) console.error(line);
  if (drift.length > 0) {
    console.error('Generated files are out of date: run npm run generate, and commit the result.');
    process.exitCode = 1;
  }
} finally {
  rmSync(made, { recursive: true });
}
