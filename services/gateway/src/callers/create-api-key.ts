/** `node create-api-key.ts NAME` prints a new key, and the line for API_KEYS_FILE, which contains only the key's digest. */
import { apiKeyLine, newApiKey } from './api-keys.ts';

const [name = ''] = process.argv.slice(2);
if (!/^[A-Za-z0-9-]{1,40}$/.test(name)) {
  process.stderr.write('Give the key a name of 1 to 40 letters, digits and hyphens: whose it is.\n');
  process.exitCode = 1;
} else {
  const key = newApiKey();
  process.stdout.write(`The key, for whoever calls: ${key}\n`);
  process.stdout.write(`The line for API_KEYS_FILE:  ${apiKeyLine(name, key)}\n`);
}
