import { Code, refuse, RpcError } from '@cinematica/protocol';
import { ErrorReason } from '@cinematica/protocol/v1';
import { GraphError, ImageError, RuntimeCrashedError, SettingsError } from '@cinematica/svd';
import { UnavailableError } from '../unavailable.ts';
import { FailureReason } from '../messages.ts';
import { OutOfMemoryError, UnusableInputError } from '../worker/stage.ts';
import type { Stage } from '../worker/stage.ts';

/** A stage whose errors say why the video fails: at once where the model says that its photo or its settings can't be. */
export function explainFailures(stage: Stage): Stage {
  return {
    ...stage,
    async run(task, inputs, hooks) {
      try {
        await stage.run(task, inputs, hooks);
      } catch (error) {
        throw asStageError(error);
      }
    },
  };
}

/** What an error of the model's means to a video. */
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

/** Linux ends whoever takes too much; ONNX Runtime and its providers say it in words of their own. */
function isOutOfMemory(error: unknown): error is Error {
  if (error instanceof RuntimeCrashedError) return error.crash.signal === 'SIGKILL';
  return error instanceof GraphError && /failed to allocate|bad.?alloc|out of (device )?memory/i.test(error.message);
}

/** What a caller is told of an error of the model's. */
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

/** @throws RpcError INVALID_ARGUMENT where another model is asked for than is loaded. */
export function checkModel(asked: string, loaded: string): void {
  if (asked === '' || asked === loaded) return;
  const message = `This stage has loaded the model ${loaded}, not ${asked}.`;
  throw refuse(Code.INVALID_ARGUMENT, ErrorReason.MODEL_UNKNOWN, message);
}
