import type { DescMessage } from '@bufbuild/protobuf';
import { Code, ErrorInfoSchema, refuse, refuseFields } from '@cinematica/protocol';
import type { RpcError } from '@cinematica/protocol';
import { ErrorReason } from '@cinematica/protocol/v1';
import { Code as ConnectCode } from '@connectrpc/connect';
import type { ConnectError } from '@connectrpc/connect';
import { describeJsonError } from './describe-json-error.ts';

/**
 * The error of this API for an error that Connect raised itself, before or instead of the handler of a call.
 * @param input the message of the method.
 * @returns null for an error that stays as it is: it has a reason, or the client cancelled the call.
 */
export function refusalOfConnect(error: ConnectError, input: DescMessage): RpcError | null {
  const { code } = error;
  if (error.findDetails(ErrorInfoSchema).length > 0) return null;
  const refuseWith = REFUSALS.get(code);
  return refuseWith ? refuseWith(error, input) : null;
}

type Refuse = (error: ConnectError, input: DescMessage) => RpcError | null;

/** How the errors of Connect are refused, by code. The others stay as they are. */
const REFUSALS: ReadonlyMap<ConnectCode, Refuse> = new Map<ConnectCode, Refuse>([
  [ConnectCode.InvalidArgument, refuseJson],
  [ConnectCode.ResourceExhausted, refuseSize],
  [ConnectCode.Internal, refuseBinary],
  [ConnectCode.Unimplemented, ({ rawMessage }) => refuse(Code.UNIMPLEMENTED, ErrorReason.INVALID_REQUEST, rawMessage)],
  [
    ConnectCode.DeadlineExceeded,
    () => refuse(Code.DEADLINE_EXCEEDED, ErrorReason.TOOK_TOO_LONG, 'The deadline of the call has passed.'),
  ],
]);

function refuseBinary({ rawMessage }: ConnectError): RpcError | null {
  // Connect reports a request that is not a message of the method as an internal error.
  if (!rawMessage.startsWith('parse binary:')) return null;
  const message = 'The request cannot be parsed as a message of this method.';
  return refuse(Code.INVALID_ARGUMENT, ErrorReason.INVALID_REQUEST, message);
}

function refuseJson({ rawMessage, cause }: ConnectError, input: DescMessage): RpcError {
  const isJson = cause instanceof Error && cause.message.startsWith('cannot decode ');
  if (!isJson) return refuse(Code.INVALID_ARGUMENT, ErrorReason.INVALID_REQUEST, rawMessage);
  const violation = describeJsonError(input, cause);
  if (violation.field !== '') return refuseFields([violation]);
  const message = `The request is refused: ${violation.description}.`;
  return refuse(Code.INVALID_ARGUMENT, ErrorReason.INVALID_REQUEST, message);
}

/** A retry of a request that is too large fails again, so the code must not be one that clients retry. */
function refuseSize({ rawMessage }: ConnectError): RpcError | null {
  const [, limit] = /readMaxBytes (\d+)/.exec(rawMessage) ?? [];
  if (limit === undefined) return null;
  return refuse(
    Code.INVALID_ARGUMENT,
    ErrorReason.REQUEST_TOO_LARGE,
    `The request is larger than ${limit} bytes, the limit of this method.`,
  );
}
