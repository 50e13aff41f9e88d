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

/** The check of S3 of a process that uses it. */
export interface StorageCheck extends Probe {
  /** For the answer of `/readyz`: why S3 cannot be used, as the last check found; nothing when it can. */
  details(): { readonly s3?: string };
}

/**
 * Checks at intervals whether S3 answers, lets this process in, and belongs to this installation, and logs why not. A process that
 * needs S3 is not ready without it: its tasks wait, and another one may reach it.
 * @returns null when the service uses nothing in S3.
 */
export function startStorageCheck(parts: StorageCheckParts): StorageCheck | null {
  const { service, artifacts, settings, log, onChange } = parts;
  if (!usesS3(service, settings)) return null;
  let reason: string | null = 'S3 was not checked yet';
  const probe = startProbe({
    check: (signal) => artifacts.check(signal),
    intervalMs: settings.S3_CHECK_MS,
    onChange(failures, error) {
      reason = failures === 0 ? null : describeError(error);
      if (reason === null) log.info('S3 can be used', { bucket: settings.S3_BUCKET });
      else log.warn('S3 cannot be used', { failures, reason });
      onChange(failures);
    },
  });
  return Object.assign(probe, { details: () => (reason === null ? {} : { s3: reason }) });
}
