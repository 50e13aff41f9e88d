import { ScalarType } from '@bufbuild/protobuf';
import type { DescEnum, DescField, DescMessage } from '@bufbuild/protobuf';
import { isFieldError } from '@bufbuild/protobuf/reflect';
import { describeEnum } from '@cinematica/protocol';

/** What is wrong in a JSON request. */
export interface JsonError {
  /** The path of the field, such as `settings.preset`; empty when the whole text is wrong. */
  readonly field: string;
  /** What is wrong with it, for the author of the request. */
  readonly description: string;
}

/** Keys and values of the request are shortened to this length in messages. UTF-16 code units. */
const MAX_QUOTED = 60;
const MAX_PROBLEM = 200;

/**
 * Describes why a JSON text cannot be parsed as a message. The errors of `@bufbuild/protobuf` name a field or the type of a
 * message or enum; the path to it is found in the descriptors, because each type has one place in a request.
 * @param input the message of the method.
 * @param error what `fromJsonString` has thrown.
 */
export function describeJsonError(input: DescMessage, error: Error): JsonError {
  if (error.cause instanceof SyntaxError) {
    return { field: '', description: `the body is not valid JSON: ${shorten(error.cause.message, MAX_PROBLEM)}` };
  }
  return (
    describeFieldError(input, error.cause) ??
    describeTypeError(input, error.message) ?? { field: '', description: shorten(error.message, MAX_PROBLEM) }
  );
}

/** Describes a value that its field cannot have; null for another error. */
function describeFieldError(input: DescMessage, error: unknown): JsonError | null {
  if (!isFieldError(error)) return null;
  const field = error.field();
  if (field.kind === 'oneof') {
    const names = field.fields.map(({ name }) => name).join(', ');
    return { field: field.name, description: `only one of ${names} can be set` };
  }
  return {
    field: pathOf(findField(input, (other) => other === field)),
    description: describeValue(field, error.message),
  };
}

/** What the values of a field are, by its type. */
const VALUES: Readonly<Partial<Record<ScalarType, string>>> = {
  [ScalarType.UINT32]: 'a whole number',
  [ScalarType.INT32]: 'a whole number',
  [ScalarType.UINT64]: 'a whole number',
  [ScalarType.DOUBLE]: 'a number',
  [ScalarType.BOOL]: 'true or false',
  [ScalarType.STRING]: 'text in quotes',
  [ScalarType.BYTES]: 'bytes in base64',
};
const RANGES: Readonly<Partial<Record<ScalarType, string>>> = {
  [ScalarType.UINT32]: 'from 0 to 4294967295',
  [ScalarType.INT32]: 'from -2147483648 to 2147483647',
  [ScalarType.UINT64]: 'of at least 0',
};

/** @param problem such as `expected number (uint32): -1 out of range` or `expected number (uint32), got "many"`. */
function describeValue(field: DescField, problem: string): string {
  if (problem.includes('base64')) return 'must be bytes in base64, without a prefix such as “data:image/jpeg;base64,”';
  const [, got, outside] = /^expected [^,:]*(?:, got (.*)|: (.*) out of range)$/s.exec(problem) ?? [];
  if (field.fieldKind === 'list' && got !== undefined) return `must be a list, not ${shorten(got)}`;
  const values = field.fieldKind === 'scalar' ? VALUES[field.scalar] : undefined;
  if (field.fieldKind !== 'scalar' || values === undefined) return shorten(problem, MAX_PROBLEM);
  if (got !== undefined) return `must be ${values}, not ${shorten(got)}`;
  const range = RANGES[field.scalar];
  return outside !== undefined && range !== undefined
    ? `must be ${values} ${range}, not ${shorten(outside)}`
    : shorten(problem, MAX_PROBLEM);
}

/** Describes an error that names the type of a message or enum; null for another error. */
function describeTypeError(input: DescMessage, message: string): JsonError | null {
  const [, typeName = '', problem = ''] =
    /^cannot decode (?:message|enum) (\S+) from JSON:? (.*)$/s.exec(message) ?? [];
  const path = findField(input, (field) =>
    [messageOf(field), enumOf(field)].some((type) => type?.typeName === typeName),
  );
  const field = pathOf(path);
  const last = path.at(-1);
  const values = last && enumOf(last);
  if (values) return { field, description: `${describeEnum(values)}, not ${shorten(problem)}` };
  const desc = typeName === input.typeName ? input : last && messageOf(last);
  return desc ? describeMessageError(desc, field, problem) : null;
}

function describeMessageError(desc: DescMessage, field: string, problem: string): JsonError {
  const [, unknown] = /^key "(.*)" is unknown$/s.exec(problem) ?? [];
  if (unknown !== undefined) {
    const known = desc.fields.map(({ name }) => name);
    const fields = known.length === 0 ? 'it has no fields' : `its fields are ${known.join(', ')}`;
    const name = shorten(unknown);
    return {
      field: field === '' ? name : `${field}.${name}`,
      description: `${desc.name} has no such field; ${fields}`,
    };
  }
  if (desc.typeName === 'google.protobuf.Duration') {
    return { field, description: `must be a duration such as "3600s", not ${shorten(problem)}` };
  }
  const isNotAnObject = !/^(duplicate object key|maximum recursion depth)/.test(problem);
  return { field, description: isNotAnObject ? 'must be a JSON object' : shorten(problem, MAX_PROBLEM) };
}

/** The fields from a message to the first one that matches; empty when none does. */
function findField(
  desc: DescMessage,
  matches: (field: DescField) => boolean,
  seen = new Set<DescMessage>(),
): readonly DescField[] {
  if (seen.has(desc)) return [];
  seen.add(desc);
  for (const field of desc.fields) {
    if (matches(field)) return [field];
    const inner = messageOf(field);
    const path = inner ? findField(inner, matches, seen) : [];
    if (path.length > 0) return [field, ...path];
  }
  return [];
}

const pathOf = (path: readonly DescField[]): string => path.map(({ name }) => name).join('.');

const messageOf = (field: DescField): DescMessage | undefined =>
  field.fieldKind === 'scalar' || field.fieldKind === 'enum' ? undefined : field.message;

const enumOf = (field: DescField): DescEnum | undefined =>
  field.fieldKind === 'scalar' || field.fieldKind === 'message' ? undefined : field.enum;

const shorten = (text: string, length = MAX_QUOTED): string =>
  text.length > length ? `${text.slice(0, length)}…` : text;
