import { startProbe } from '@cinematica/concurrency';
import type { Probe } from '@cinematica/concurrency';
import type { Artifacts } from '../domain/ports/artifacts.ts';
import { isInS3 } from '../domain/s3-settings.ts';
import type { PipelineSettings } from '../domain/settings.ts';
import { bucketName, LIFETIMES } from '../domain/stages.ts';
import { USER_PERMISSIONS } from '../nats/access/users.ts';
import type { UserPermissions } from '../nats/access/allow-lists.ts';
import { describeError } from '../telemetry/log.ts';
import type { Log } from '../telemetry/log.ts';

/** Whether a service reads or writes artifacts that are in S3. What it uses is what its user in NATS may use. */
export function usesS3(service: string, settings: PipelineSettings): boolean {
  const users: Readonly<Record<string, UserPermissions>> = USER_PERMISSIONS;
  const { reads = [], writes = [] } = users[service] ?? {};
  const used = new Set([...reads, ...writes]);
  return LIFETIMES.some((lifetime) => isInS3(settings, lifetime) && used.has(bucketName(lifetime)));
}

/** The parts of {@link startStorageCheck}. All of them are required. */
export interface StorageCheckParts {
  /** The name of the service, which is also its user in NATS. */
  readonly service: string;
  readonly artifacts: Pick<Artifacts, 'check'>;
  readonly settings: PipelineSettings;
  readonly log: Log;
  /** Called with the number of consecutive failures whenever it changes. */
  readonly onChange: (failures: number) => void;
}

/**
 * Checks at intervals whether S3 answers and lets this process in, and logs why not. A process that needs S3 is not ready
 * without it: its tasks wait, and another one may reach it.
 * @returns null when the service uses nothing in S3.
 */
export function startStorageCheck({ service, artifacts, settings, log, onChange }: StorageCheckParts): Probe | null {
  if (!usesS3(service, settings)) return null;
  return startProbe({
    check: (signal) => artifacts.check(signal),
    intervalMs: settings.S3_CHECK_MS,
    onChange(failures, error) {
      if (failures === 0) log.info('S3 can be used', { bucket: settings.S3_BUCKET });
      else log.warn('S3 cannot be used', { failures, reason: describeError(error) });
      onChange(failures);
    },
  });
}
