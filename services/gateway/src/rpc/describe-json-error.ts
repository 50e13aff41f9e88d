import type { DescField, DescMessage } from '@bufbuild/protobuf';
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

/**
 * Describes why a JSON text cannot be parsed as a message. The errors of `@bufbuild/protobuf` name a message type or a field;
 * the path to it is found in the descriptors, because each type has one place in a request.
 * @param input the message of the method.
 * @param message the error's message.
 * @param cause the error's cause, which knows the field of a wrong value.
 */
export function describeJsonError(input: DescMessage, message: string, cause: unknown): JsonError {
  const wrong = wrongField(cause);
  if (wrong) return { field: pathTo(input, (field) => field === wrong.field), description: wrong.description };
  const [, kind, typeName = '', problem = ''] =
    /^cannot decode (message|enum) (\S+) from JSON:? (.*)$/s.exec(message) ?? [];
  const type = (field: DescField) => messageOf(field)?.typeName === typeName || enumOf(field)?.typeName === typeName;
  const owner = findField(input, type);
  const field = owner.map(({ name }) => name).join('.');
  const values = owner.at(-1) && enumOf(owner.at(-1)!);
  if (kind === 'enum' && values) return { field, description: `${describeEnum(values)}, not ${shorten(problem)}` };
  const desc = typeName === input.typeName ? input : owner.at(-1) && messageOf(owner.at(-1)!);
  if (!desc) return { field: '', description: shorten(message, 200) };

  const [, unknown] = /^key "(.*)" is unknown$/s.exec(problem) ?? [];
  if (unknown !== undefined) {
    const known = desc.fields.map(({ name }) => name);
    const fields = known.length === 0 ? 'it has no fields' : `its fields are ${known.join(', ')}`;
    return { field: join(field, shorten(unknown)), description: `${desc.name} has no such field; ${fields}` };
  }
  if (desc.typeName.startsWith('google.protobuf.')) {
    const example = desc.name === 'Duration' ? 'a duration such as "3600s"' : `a ${desc.name}`;
    return { field, description: `must be ${example}, not ${shorten(problem)}` };
  }
  if (field === '' && !/^(duplicate|maximum|\d|"|true|false|array|Array|object)/.test(problem)) {
    return { field, description: `the body is not valid JSON: ${shorten(problem, 200)}` };
  }
  return { field, description: /^(duplicate|maximum)/.test(problem) ? shorten(problem) : 'must be a JSON object' };
}

/** The field of a value that has the wrong type. */
function wrongField(cause: unknown): { field: DescField; description: string } | null {
  const error = cause instanceof Error && isFieldError(cause.cause) ? cause.cause : cause;
  if (!isFieldError(error)) return null;
  const field = error.field();
  if (field.kind === 'oneof') return null;
  const description = error.message.includes('base64')
    ? 'must be bytes in base64, without a prefix such as “data:image/jpeg;base64,”'
    : shorten(error.message, 200);
  return { field, description };
}

/** The path of fields to the first one that matches, in the message or below; empty when none does. */
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

const pathTo = (input: DescMessage, matches: (field: DescField) => boolean): string =>
  findField(input, matches)
    .map(({ name }) => name)
    .join('.');

const messageOf = (field: DescField): DescMessage | undefined =>
  field.fieldKind === 'scalar' ? undefined : field.message;

const enumOf = (field: DescField) =>
  field.fieldKind === 'scalar' || field.fieldKind === 'message' ? undefined : field.enum;

const join = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

const shorten = (text: string, length = MAX_QUOTED): string =>
  text.length > length ? `${text.slice(0, length)}…` : text;
