import { Code, refuse, refuseFields, refuseUntil } from '@cinematica/protocol';
import { ErrorReason } from '@cinematica/protocol/v1';
import { SETTING_NAMES, SETTINGS } from '@cinematica/settings';
import { GraphError, ImageError, NotFiniteError, RuntimeCrashedError, SettingsError } from '@cinematica/svd';
import { UnavailableError } from '../../domain/errors.ts';
import { FailureReason } from '../../domain/messages.ts';
import { OutOfMemoryError, UnusableInputError } from '../worker/stage-errors.ts';
import type { StageHandler } from '../worker/stage-handler.ts';

/**
 * Wraps a handler so that errors of the model become errors of the stage. A photo or settings that the model rejects fail
 * the video immediately.
 */
export function explainFailures(handler: StageHandler): StageHandler {
  return {
    ...handler,
    async run(task, inputs, hooks) {
      try {
        await handler.run(task, inputs, hooks);
      } catch (error) {
        throw asStageError(error);
      }
    },
  };
}

/** Translates an error of the model into one of the stage; any other error is returned as it is. */
function asStageError(error: unknown): unknown {
  const options = { cause: error };
  if (error instanceof SettingsError) {
    return new UnusableInputError(error.message, FailureReason.SETTING_UNSUPPORTED, options);
  }
  if (error instanceof ImageError) {
    return new UnusableInputError(error.message, FailureReason.PHOTO_UNREADABLE, options);
  }
  if (error instanceof NotFiniteError) {
    return new UnusableInputError(describeNotFinite(error), FailureReason.NOT_FINITE, options);
  }
  return isOutOfMemory(error) ? new OutOfMemoryError(error.message, options) : error;
}

/** What happened, and what to do about it. */
const describeNotFinite = ({ message }: NotFiniteError): string =>
  `${message}, so there is no picture to show: choose another model or other settings, or contact the operator of this service, who should check the model's files.`;

/** Linux kills a process that uses too much memory. ONNX Runtime and its providers report it in various messages. */
function isOutOfMemory(error: unknown): error is Error {
  if (error instanceof RuntimeCrashedError) return error.crash.signal === 'SIGKILL';
  return error instanceof GraphError && /failed to allocate|bad.?alloc|out of (device )?memory/i.test(error.message);
}

/** How long a caller waits before it retries a call whose stage has just failed. Milliseconds. */
const RETRY_MS = 5_000;

/**
 * Translates an error of the model into the error of a call, which names the field of the request; any other error is
 * returned as it is.
 */
export function asRpcError(error: unknown): unknown {
  if (error instanceof SettingsError) {
    const violation = { field: fieldOf(error), description: error.requirement };
    return refuseFields([violation], ErrorReason.SETTING_UNSUPPORTED);
  }
  if (error instanceof ImageError) {
    return refuseFields([{ field: 'image', description: error.message }], ErrorReason.IMAGE_UNREADABLE);
  }
  if (error instanceof NotFiniteError) {
    return refuse(Code.INTERNAL, ErrorReason.NOT_FINITE, describeNotFinite(error), [], { cause: error });
  }
  if (error instanceof RuntimeCrashedError || error instanceof UnavailableError) {
    return refuseUntil(ErrorReason.UNAVAILABLE, error.message, RETRY_MS, Code.UNAVAILABLE, { cause: error });
  }
  return error;
}

/** The field of a stage's request that has a setting. */
function fieldOf({ field }: SettingsError): string {
  const setting = SETTING_NAMES.find((name) => name === field);
  return setting ? SETTINGS[setting].field : field;
}

/**
 * @param field the field of the request that names the model.
 * @throws RpcError INVALID_ARGUMENT when a call asks for another model than the one that is loaded.
 */
export function checkModel(asked: string, loaded: string, field = 'model'): void {
  if (asked === '' || asked === loaded) return;
  const description = `this stage has loaded the model ${loaded}, not ${asked}`;
  throw refuseFields([{ field, description }], ErrorReason.MODEL_UNKNOWN);
}
