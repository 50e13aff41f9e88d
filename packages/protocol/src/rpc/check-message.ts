import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import { pathToString } from '@bufbuild/protobuf/reflect';
import { createValidator } from '@bufbuild/protovalidate';
import { refuseFields } from './reasons.ts';

const validator = createValidator();

/**
 * Holds a message to the rules in its schema.
 *
 * @throws RpcError INVALID_ARGUMENT with `google.rpc.BadRequest`, a violation for each rule it breaks
 */
export function checkMessage<D extends DescMessage>(desc: D, message: MessageShape<D>): void {
  const result = validator.validate(desc, message);
  if (result.kind === 'valid') return;
  if (result.kind === 'error') throw result.error;
  throw refuseFields(
    result.violations.map(({ field, message: description }) => ({ field: pathToString(field), description })),
  );
}
