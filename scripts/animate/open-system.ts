import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { digestCheckpoint, openCheckpoint } from '@cinematica/svd';
import type { LoraFile } from '@cinematica/svd';
import type { Model } from '@cinematica/protocol/v1';
import { findSystem } from '../launch/announcement.ts';
import { DataFolderInUseError, isInUse } from '../launch/data-folder.ts';
import type { SystemArguments } from './arguments.ts';
import type { OpenSystem } from './opened-system.ts';
import type { Progress } from './progress.ts';
import { UsageError } from './usage-error.ts';

/** The pause after another command was faster to start a system. Milliseconds. */
const RETRY_MS = 100;

/**
 * Finds the system at the given address, or else the one that runs on this machine, or else starts one. That one stops when
 * it is disposed of and no other command uses it. Its data folder stays.
 *
 * @param project the project's folder
 * @throws UsageError, LaunchError, the signal's reason
 */
export async function openSystem(
  wanted: SystemArguments,
  project: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<OpenSystem> {
  const { address, apiKey, data = join(project, '.data') } = wanted;
  if (address) {
    refuseStartOptions(wanted, `the one at ${address.origin}`);
    return running({ url: address.href, key: apiKey, isAlive: () => Promise.resolve(true) });
  }
  const purpose = describePurpose(wanted);
  const onWait = () => progress.show({ label: `waiting for the system in ${data} to be ready, or to end` });
  for (;;) {
    const found = await findSystem(data, purpose, onWait, signal);
    if (found) {
      await using cleanup = new AsyncDisposableStack();
      cleanup.use(found);
      if (!found.isTemporary)
        // Whether the system has the model, with these LoRAs, is found out later.
        refuseStartOptions(
          { ...wanted, model: undefined, loras: wanted.model === undefined ? wanted.loras : undefined },
          `the one that runs at ${found.url}`,
        );
      const system = { url: found.url, key: apiKey ?? found.key, isAlive: () => isInUse(data) };
      const kept = cleanup.move();
      return { ...system, [Symbol.asyncDispose]: () => kept.disposeAsync() };
    }
    try {
      // The launcher is loaded only when it is needed: a command that finds a system starts in half the time.
      const { startSystem } = await import('./start-system.ts');
      return await startSystem(wanted, data, project, purpose, progress, signal);
    } catch (error) {
      if (!(error instanceof DataFolderInUseError)) throw error;
    }
    // Another command has started a system in the meantime. It can be used once it is ready.
    await delay(RETRY_MS, undefined, { signal });
  }
}

/** Commands with the same options can use the same system. The options stand in one line of JSON. */
const describePurpose = ({ model, loras, threads, provider }: SystemArguments): string =>
  JSON.stringify({ model: model === undefined ? undefined : resolve(model), loras, threads, provider });

/**
 * Checks that the system offers the given model.
 *
 * @throws UsageError
 */
export async function checkModel(
  path: string,
  loras: readonly LoraFile[],
  models: readonly Model[],
  url: string,
): Promise<void> {
  const digest = await digestCheckpoint(await openCheckpoint(path, loras));
  if (models.some((model) => model.digest === digest)) return;
  const titles = models.map(({ title }) => title).join(', ');
  throw new UsageError(
    `the system at ${url} makes videos with ${titles}, not with the model in ${path}${loras.length > 0 ? ' and these LoRAs' : ''}: stop it, or choose another data folder with --data`,
  );
}

const running = (system: Omit<OpenSystem, typeof Symbol.asyncDispose>): OpenSystem => ({
  ...system,
  [Symbol.asyncDispose]: () => Promise.resolve(),
});

function refuseStartOptions({ model, loras, threads, provider }: SystemArguments, which: string): void {
  const given = Object.entries({ model, lora: loras, threads, provider }).find(([, value]) => value !== undefined);
  if (given) throw new UsageError(`--${given[0]} is for a system that is started here; ${which} has its own`);
}
