import { ErrorInfoSchema } from '@cinematica/protocol';
import { ConnectError } from '@connectrpc/connect';
import type { Code } from '@connectrpc/connect';

/** The error of a refused call. */
export interface Refusal {
  readonly code: Code;
  readonly reason: string;
  readonly message: string;
  readonly error: ConnectError;
}

/** Returns the error of a call, which must fail. */
export async function expectRefusal(call: Promise<unknown>): Promise<Refusal> {
  const error = await call.then(
    () => {
      throw new Error('the call was not refused');
    },
    (thrown: unknown) => ConnectError.from(thrown),
  );
  const [info] = error.findDetails(ErrorInfoSchema);
  return { code: error.code, reason: info?.reason ?? '', message: error.rawMessage, error };
}
