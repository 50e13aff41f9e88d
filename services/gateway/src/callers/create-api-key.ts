/** `npm run api-key -- NAME` prints a new key, and the line for API_KEYS_FILE, which contains only the key's digest. */
import { parseArgs } from 'node:util';
import { apiKeyLine, endOfKey, newApiKey } from './api-keys.ts';

const USAGE = `Usage: npm run api-key -- NAME [--cell CELL] [--expires 2027-01-31]

  NAME       the owner: 1 to 40 letters, digits and hyphens
  --cell     the installation that the key belongs to, if there are several behind one address: 1 to 20 of a-z, 0-9 and -
  --expires  when the key ends: a date (the start of that day in UTC), or a time such as 2027-01-31T12:00:00Z
`;

/** Null for wrong arguments. */
function readArguments(): { name: string; cell: string | undefined; expires: string | undefined } | null {
  try {
    const options = { cell: { type: 'string' }, expires: { type: 'string' } } as const;
    const { positionals, values } = parseArgs({ allowPositionals: true, options });
    const [name = '', ...others] = positionals;
    const { cell, expires } = values;
    const isValid =
      /^[A-Za-z0-9-]{1,40}$/.test(name) &&
      others.length === 0 &&
      (cell === undefined || /^[a-z0-9-]{1,20}$/.test(cell)) &&
      (expires === undefined || !Number.isNaN(endOfKey(expires)));
    return isValid ? { name, cell, expires } : null;
  } catch {
    return null;
  }
}

const wanted = readArguments();
if (wanted === null) {
  process.stderr.write(USAGE);
  process.exitCode = 1;
} else {
  const key = newApiKey(wanted.cell);
  const end = wanted.expires === undefined ? '' : ` expires=${wanted.expires}`;
  process.stdout.write(`API key (it is not shown again): ${key}\n`);
  process.stdout.write(`Line for API_KEYS_FILE: ${apiKeyLine(wanted.name, key)}${end}\n`);
}
