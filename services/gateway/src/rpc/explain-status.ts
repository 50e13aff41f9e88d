import { Code, refuse } from '@cinematica/protocol';
import { ErrorReason } from '@cinematica/protocol/v1';
import { createAsyncIterable } from '@connectrpc/connect/protocol';
import type { UniversalServerResponse } from '@connectrpc/connect/protocol';
import { errorToJsonBytes } from '@connectrpc/connect/protocol-connect';
import { toConnectError } from './errors.ts';

/** What Connect means by a status that it sends without a body. */
const MESSAGES: Readonly<Record<number, string>> = {
  405: 'Send the request by POST.',
  415: 'Send JSON with “content-type: application/json”, or a message of Connect, gRPC or gRPC-Web.',
};

/**
 * Adds an error that says what to do to an answer that has only the status, for those who call with curl.
 * @param method of the request. An answer to HEAD has no body.
 */
export function explainStatus(answer: UniversalServerResponse, method: string): UniversalServerResponse {
  const message = MESSAGES[answer.status];
  if (method === 'HEAD' || message === undefined || answer.body !== undefined) return answer;
  const error = toConnectError(refuse(Code.INVALID_ARGUMENT, ErrorReason.INVALID_REQUEST, message));
  const header = new Headers(answer.header);
  header.set('content-type', 'application/json');
  return { ...answer, header, body: createAsyncIterable([errorToJsonBytes(error, undefined)]) };
}
