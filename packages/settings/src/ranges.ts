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
 * Reads a setting's range from the rules of `cinematica.v1.VideoSettings`, the one place where it stands.
 *
 * @param message another message with the same rules, for tests
 * @throws TypeError where the proto has no such numeric field, or a fractional one without both bounds
 */
export function rangeOf(name: string, message: DescMessage = VideoSettingsSchema): SettingRange {
  const field = message.fields.find(({ localName }) => localName === name);
  if (field?.fieldKind !== 'scalar') throw new TypeError(`${message.name} has no numeric field ${name}`);
  const { type } = getOption(field, fieldRules);
  switch (field.scalar) {
    case ScalarType.UINT32: {
      const rules = type.case === 'uint32' ? type.value : undefined;
      const min = rules?.greaterThan.case === 'gte' ? rules.greaterThan.value : 0;
      const max = rules?.lessThan.case === 'lte' ? rules.lessThan.value : MAX_UINT32;
      return { field: field.name, min, max, integer: true };
    }
    case ScalarType.DOUBLE: {
      const rules = type.case === 'double' ? type.value : undefined;
      if (rules?.greaterThan.case !== 'gte' || rules.lessThan.case !== 'lte') break;
      return { field: field.name, min: rules.greaterThan.value, max: rules.lessThan.value, integer: false };
    }
  }
  throw new TypeError(`the rules of ${message.name}.${field.name} give no range`);
}
