/** `npm run webhook-secret -- NAME` prints a line with a new secret for WEBHOOK_SECRETS_FILE. */
import { newWebhookSecret, parseWebhookSecrets } from './secrets.ts';

const [name = ''] = process.argv.slice(2);
const line = `${name} ${newWebhookSecret()}`;
try {
  parseWebhookSecrets(line);
  process.stdout.write(`${line}\n`);
} catch {
  process.stderr.write('Usage: npm run webhook-secret -- NAME, with the name of an API key, or "*" for all others.\n');
  process.exitCode = 1;
}
