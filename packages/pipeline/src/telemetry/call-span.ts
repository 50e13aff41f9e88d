import { Code } from '@cinematica/protocol';
import type { CallRunner } from '@cinematica/protocol';
import { describeSpan, inServerSpan } from './trace.ts';

/** The status codes that count as errors of the server, by OpenTelemetry's semantic conventions for gRPC. */
const FAULTS: ReadonlySet<Code> = new Set([
  Code.UNKNOWN,
  Code.DEADLINE_EXCEEDED,
  Code.UNIMPLEMENTED,
  Code.INTERNAL,
  Code.UNAVAILABLE,
  Code.DATA_LOSS,
]);

/**
 * Handles each call in a span, as part of the trace that the call's metadata names. The span ends when the last response
 * has been sent.
 */
export const inCallSpan: CallRunner = ({ parent, name }, { metadata }, run) => {
  const method = `${parent.typeName}/${name}`;
  const headers = {
    get: (key: string) => {
      const [value] = metadata.get(key);
      return typeof value === 'string' ? value : undefined;
    },
  };
  return inServerSpan(method, headers, { 'rpc.system.name': 'grpc', 'rpc.method': method }, async () => {
    const code = await run();
    const failed = FAULTS.has(code);
    const status = Code[code];
    describeSpan({ 'rpc.response.status_code': status, ...(failed && { 'error.type': status }) }, failed);
  });
};
