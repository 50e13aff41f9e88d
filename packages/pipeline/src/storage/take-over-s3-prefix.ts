import type { PipelineSettings } from '../domain/settings.ts';
import type { NatsConnection } from '../nats/connect.ts';
import { openInstallation } from '../nats/installation.ts';

/**
 * Makes the prefix in S3 this installation's. Its former owner stops using it.
 * @param from the id of the former owner, or `none`.
 * @returns the id of this installation.
 * @throws Error when the owner is another one, or S3_BUCKET is not set; UnavailableError.
 */
export async function takeOverS3Prefix(
  nats: NatsConnection,
  settings: PipelineSettings,
  from: string,
): Promise<string> {
  const { S3_BUCKET } = settings;
  if (S3_BUCKET === undefined) throw new Error('S3_BUCKET is not set: there is no prefix to take over');
  const { openPrefixOwner } = await import('../s3/prefix-owner.ts');
  const owner = await openPrefixOwner({ ...settings, S3_BUCKET }, openInstallation(nats, settings));
  return owner.takeOver(from);
}
