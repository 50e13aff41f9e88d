/** `npm run api-key -- NAME` prints a new key, and the line for API_KEYS_FILE, which contains only the key's digest. */
import { apiKeyLine, newApiKey } from './api-keys.ts';

const [name = ''] = process.argv.slice(2);
if (!/^[A-Za-z0-9-]{1,40}$/.test(name)) {
  process.stderr.write(
    'Usage: npm run api-key -- NAME, with the name of the owner: 1 to 40 letters, digits and hyphens.\n',
  );
  process.exitCode = 1;
} else {
  const key = newApiKey();
  process.stdout.write(`API key (it is not shown again): ${key}\n`);
  process.stdout.write(`Line for API_KEYS_FILE: ${apiKeyLine(name, key)}\n`);
}
