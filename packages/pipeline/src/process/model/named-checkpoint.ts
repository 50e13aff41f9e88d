import { CheckpointError, digestCheckpoint, openCheckpoint, SafetensorsError } from '@cinematica/svd';
import type { Checkpoint } from '@cinematica/svd';
import type { ModelRef } from '../../domain/model-ref.ts';
import { ConfigError } from '../service/read-config.ts';

/** The number of hexadecimal digits of the digest in subjects and plans. */
const DIGITS = 12;

/** A checkpoint and its name in the pipeline. */
export interface NamedCheckpoint {
  readonly checkpoint: Checkpoint;
  /** The SHA-256 of its files, 64 hexadecimal digits. */
  readonly digest: string;
  readonly ref: ModelRef;
}

/**
 * Opens the checkpoint of a service and names it.
 * @throws ConfigError that names MODEL_DIR.
 */
export async function openNamedCheckpoint(folder: string): Promise<NamedCheckpoint> {
  try {
    const checkpoint = await openCheckpoint(folder);
    const digest = await digestCheckpoint(checkpoint);
    return { checkpoint, digest, ref: { name: checkpoint.card.name, digest: digest.slice(0, DIGITS) } };
  } catch (cause) {
    if (!(cause instanceof CheckpointError || cause instanceof SafetensorsError)) throw cause;
    throw new ConfigError(`MODEL_DIR=${folder}: ${cause.message}`);
  }
}
