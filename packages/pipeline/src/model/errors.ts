import { Code, refuse, RpcError } from '@cinematica/protocol';
import { ErrorReason } from '@cinematica/protocol/v1';
import { ImageError, RuntimeCrashedError, SettingsError } from '@cinematica/svd';
import { UnavailableError } from '../unavailable.ts';
import { UnusableInputError } from '../worker/stage.ts';
import type { Stage } from '../worker/stage.ts';

/** A stage whose video fails at once where the model says that its photo or its settings can't be. */
export function failUnusable(stage: Stage): Stage {
  return {
    ...stage,
    async run(task, inputs, hooks) {
      try {
        await stage.run(task, inputs, hooks);
      } catch (error) {
        if (error instanceof SettingsError || error instanceof ImageError) {
          throw new UnusableInputError(error.message, { cause: error });
        }
        throw error;
      }
    },
  };
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
