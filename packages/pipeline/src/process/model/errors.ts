import { Code, refuse, RpcError } from '@cinematica/protocol';
import { ErrorReason } from '@cinematica/protocol/v1';
import { GraphError, ImageError, RuntimeCrashedError, SettingsError } from '@cinematica/svd';
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
  return isOutOfMemory(error) ? new OutOfMemoryError(error.message, options) : error;
}

/** Linux kills a process that uses too much memory. ONNX Runtime and its providers report it in various messages. */
function isOutOfMemory(error: unknown): error is Error {
  if (error instanceof RuntimeCrashedError) return error.crash.signal === 'SIGKILL';
  return error instanceof GraphError && /failed to allocate|bad.?alloc|out of (device )?memory/i.test(error.message);
}

/** Translates an error of the model into the error of a call; any other error is returned as it is. */
export function asRpcError(error: unknown): unknown {
  if (error instanceof SettingsError) {
    return refuse(Code.INVALID_ARGUMENT, ErrorReason.SETTING_UNSUPPORTED, error.message, [], { cause: error });
  }
  if (error instanceof ImageError) {
    return refuse(Code.INVALID_ARGUMENT, ErrorReason.IMAGE_UNREADABLE, error.message, [], { cause: error });
  }
  if (error instanceof RuntimeCrashedError || error instanceof UnavailableError) {
    return new RpcError(error.message, Code.UNAVAILABLE, [], { cause: error });
  }
  return error;
}

/** @throws RpcError INVALID_ARGUMENT when a call asks for another model than the one that is loaded. */
export function checkModel(asked: string, loaded: string): void {
  if (asked === '' || asked === loaded) return;
  const message = `This stage has loaded the model ${loaded}, not ${asked}.`;
  throw refuse(Code.INVALID_ARGUMENT, ErrorReason.MODEL_UNKNOWN, message);
}
