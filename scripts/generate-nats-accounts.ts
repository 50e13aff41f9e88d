/** `node scripts/generate-nats-accounts.ts`: writes the accounts of NATS on Kubernetes from the permission lists. */
import { writeFileSync } from 'node:fs';
import { ACCOUNTS_FILE, natsAccounts } from './nats-accounts.ts';

writeFileSync(ACCOUNTS_FILE, natsAccounts());
