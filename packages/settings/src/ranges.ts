import { getOption, ScalarType } from '@bufbuild/protobuf';
import type { DescMessage } from '@bufbuild/protobuf';
import { field as fieldRules } from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js';
import { VideoSettingsSchema } from '@cinematica/protocol/v1';

/** What a numeric setting may be. */
export interface SettingRange {
  /** Its name in the proto, such as `motion_bucket_id`. */
  readonly field: string;
  /** The smallest and the largest value, both allowed. */
  readonly min: number;
  readonly max: number;
  /** Whether it is a whole number. */
  readonly integer: boolean;
}

const MAX_UINT32 = 2 ** 32 - 1;

/**
 * Reads a setting's range from the rules of `cinematica.v1.VideoSettings`, the only place that defines it.
 *
 * @param message another message with the same rules, for tests
 * @throws TypeError if the message has no numeric field with this name, or if a `double` field lacks a bound
 */
export function rangeOf(name: string, message: DescMessage = VideoSettingsSchema): SettingRange {
  const field = message.fields.find(({ localName }) => localName === name);
  if (field?.fieldKind !== 'scalar') throw new TypeError(`${message.name} has no numeric field ${name}`);
  const { type } = getOption(field, fieldRules);
  if (field.scalar === ScalarType.UINT32) {
    const rules = type.case === 'uint32' ? type.value : undefined;
    const min = rules?.greaterThan.case === 'gte' ? rules.greaterThan.value : 0;
    const max = rules?.lessThan.case === 'lte' ? rules.lessThan.value : MAX_UINT32;
    return { field: field.name, min, max, integer: true };
  }
  if (field.scalar === ScalarType.DOUBLE && type.case === 'double') {
    const { greaterThan, lessThan } = type.value;
    if (greaterThan.case === 'gte' && lessThan.case === 'lte') {
      return { field: field.name, min: greaterThan.value, max: lessThan.value, integer: false };
    }
  }
  throw new TypeError(`the rules of ${message.name}.${field.name} give no range`);
}
