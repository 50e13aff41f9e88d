import {
  CheckpointError,
  digestCheckpoint,
  LoraError,
  LoraSyntaxError,
  openCheckpoint,
  parseLoras,
  SafetensorsError,
} from '@cinematica/svd';
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
 * @param path the value of MODEL_DIR
 * @param loras the value of LORA
 * @throws ConfigError that names the variable
 */
export async function openNamedCheckpoint(path: string, loras = ''): Promise<NamedCheckpoint> {
  try {
    const checkpoint = await openCheckpoint(path, parseLoras(loras));
    const digest = await digestCheckpoint(checkpoint);
    return { checkpoint, digest, ref: { name: checkpoint.card.name, digest: digest.slice(0, DIGITS) } };
  } catch (cause) {
    if (cause instanceof LoraSyntaxError || cause instanceof LoraError) throw new ConfigError(`LORA: ${cause.message}`);
    if (!(cause instanceof CheckpointError || cause instanceof SafetensorsError)) throw cause;
    throw new ConfigError(`MODEL_DIR=${path}: ${cause.message}`);
  }
}
