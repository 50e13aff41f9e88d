import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import { pathToString } from '@bufbuild/protobuf/reflect';
import { createValidator } from '@bufbuild/protovalidate';
import { describeViolation } from './describe-violation.ts';
import { refuseFields } from './reasons.ts';

const validator = createValidator();

/**
 * Validates a message with the rules in its schema.
 *
 * @throws RpcError INVALID_ARGUMENT with `google.rpc.BadRequest`, with a field violation for each violated rule
 */
export function checkMessage<D extends DescMessage>(desc: D, message: MessageShape<D>): void {
  const result = validator.validate(desc, message);
  if (result.kind === 'valid') return;
  if (result.kind === 'error') throw result.error;
  throw refuseFields(
    result.violations.map((violation) => ({
      field: pathToString(violation.field),
      description: describeViolation(violation),
    })),
  );
}
