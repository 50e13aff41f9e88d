import type { DescEnum, DescField } from '@bufbuild/protobuf';
import type { Violation } from '@bufbuild/protovalidate';

/** The patterns of the API in words. A test checks that no pattern is missing. */
const PATTERNS: Readonly<Record<string, string>> = {
  '^videos/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$':
    'must be the name of a video: “videos/” and a UUID in lower case',
  '^([a-z0-9]([a-z0-9-]*[a-z0-9])?)?$': 'must be a name of lower-case letters, digits and hyphens',
  '^[a-z][a-z0-9_-]{0,62}$':
    'must be a key of 1 to 63 lower-case letters, digits, underscores and hyphens that starts with a letter',
};

/** A pattern of the API in words; undefined for an unknown pattern. */
export const describePattern = (pattern: string): string | undefined => PATTERNS[pattern];

/** Names the values of an enum, without the one for “not set”. */
export const describeEnum = ({ values }: DescEnum, numbers?: readonly number[]): string => {
  const allowed = values.filter(({ number }) => (numbers ? numbers.includes(number) : number !== 0));
  return `must be one of ${allowed.map(({ name }) => name).join(', ')}`;
};

/** Describes a violated rule for the author of the request: in names and words instead of numbers and patterns. */
export function describeViolation({ ruleId, message, field: path }: Violation): string {
  const last = path.findLast((part) => part.kind === 'field' || part.kind === 'oneof');
  if (last?.kind === 'oneof') {
    return ruleId === 'required' ? `one of ${last.fields.map(({ name }) => name).join(', ')} is required` : message;
  }
  const values = last && enumOf(last);
  switch (ruleId) {
    case 'enum.defined_only':
      return values ? describeEnum(values) : message;
    case 'enum.in':
      return values ? describeEnum(values, (message.match(/\d+/g) ?? []).map(Number)) : message;
    case 'repeated.unique':
      return 'must not contain a value twice';
    case 'string.pattern':
      return describePattern(/`(.*)`/s.exec(message)?.[1] ?? '') ?? message;
    default:
      return message;
  }
}

function enumOf(field: DescField): DescEnum | undefined {
  return field.fieldKind === 'message' || field.fieldKind === 'scalar' ? undefined : field.enum;
}
