/** The thread that reads the content credentials of one file, which are as untrusted as the file. */
import { readCredentials } from '@cinematica/credentials';
import type { TrustedRoots } from '@cinematica/credentials/roots';
import { parentPort, workerData } from 'node:worker_threads';
import { lowerPriorityOfThisThread } from '../give-way.ts';

/** What the thread is started with. */
export interface CredentialsCheck {
  readonly media: Uint8Array;
  /** Those who are trusted. */
  readonly roots: TrustedRoots;
}

lowerPriorityOfThisThread();
const { media, roots } = workerData as CredentialsCheck;
parentPort?.postMessage(await readCredentials(media, roots));
