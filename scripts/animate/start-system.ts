import { announce } from '../launch/announcement.ts';
import type { Announcement } from '../launch/announcement.ts';
import { readApiKey } from '../launch/api-key.ts';
import { apiKeyPath, DataFolderInUseError } from '../launch/data-folder.ts';
import { createLauncher } from '../launch/launcher.ts';
import { freePorts } from '../launch/ports.ts';
import { DEFAULT_TIMING } from '../launch/supervise.ts';
import { cinematica, withGpu } from '../launch/system.ts';
import type { SystemArguments } from './arguments.ts';
import { findModel } from './find-model.ts';
import type { OpenSystem } from './opened-system.ts';
import type { Progress } from './progress.ts';

/**
 * Starts a system on this machine, and announces it to other commands. It stops when it is disposed of and no other command
 * uses it.
 *
 * @param data the data folder
 * @param project the project's folder
 * @param purpose commands with the same one can use the system
 * @throws UsageError, LaunchError, DataFolderInUseError when another command was faster, the signal's reason
 */
export async function startSystem(
  { model, loras, threads, provider, apiKey }: SystemArguments,
  data: string,
  project: string,
  purpose: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<OpenSystem> {
  const options = {
    port: (await freePorts(1))[0] ?? 0,
    lan: false,
    model: findModel(model, project),
    loras,
    data,
    provider,
  };
  const env = {
    ...process.env,
    ...(threads === undefined ? {} : { THREADS: String(threads) }),
  };
  let ready = false;
  // Start-up messages are hidden. Later messages report that a service has ended.
  const say = (line: string): void => {
    if (ready) progress.note(line);
  };
  const system = withGpu(cinematica(project), project, (line) => progress.note(line));
  const launcher = createLauncher(system, options, env, { say, ...DEFAULT_TIMING });
  let announcement: Announcement | undefined;
  const stop = async () => {
    ready = false;
    if (announcement !== undefined && announcement.users > 0) {
      progress.show({ label: 'waiting for other commands that use the system' });
    }
    await announcement?.withdraw();
    progress.show({ label: 'stopping the system' });
    await launcher.stop();
  };
  progress.show({ label: 'starting the system' });
  try {
    const url = await launcher.start(signal);
    const key = apiKey ?? (await readApiKey(apiKeyPath(data))) ?? undefined;
    announcement = await announce(data, url, purpose);
    ready = true;
    return { url, key, isAlive: () => Promise.resolve(true), [Symbol.asyncDispose]: stop };
  } catch (error) {
    if (error instanceof DataFolderInUseError) await launcher.stop();
    else await stop();
    throw error;
  }
}
