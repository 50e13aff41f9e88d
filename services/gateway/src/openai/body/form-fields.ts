import { ApiError } from '../api-error.ts';

/** The name of a form field, for example `seed`, `video[id]` or `frame_images[0][image_url][url]`. `[]` appends an element to a list. */
const NAME = /^[a-z_]{1,40}(\[[a-z0-9_]{0,40}\]){0,4}$/;

type Fields = Record<string, unknown>;

/**
 * Builds the object that the fields of a form stand for. Clients write nested objects and lists with brackets in the names.
 * @param entries the names and values, in the order of the form.
 * @throws ApiError for a name that is malformed, or that is used twice.
 */
export function objectOfForm(entries: readonly (readonly [name: string, value: unknown])[]): Fields {
  const result = emptyFields();
  for (const [name, value] of entries) {
    if (!NAME.test(name)) {
      throw new ApiError(400, 'unknown_parameter', `The form has an unknown field “${name.slice(0, 60)}”.`);
    }
    const [first = '', ...rest] = name.split('[').map((part) => part.replace(']', ''));
    insert(result, [first, ...rest], value, name);
  }
  return listsOf(result) as Fields;
}

// Without a prototype, so that `__proto__` is a field like any other.
const emptyFields = (): Fields => Object.create(null) as Fields;

function insert(into: Fields, [key = '', ...rest]: readonly string[], value: unknown, name: string): void {
  const path = key === '' ? nextIndex(into, rest) : key;
  const present = into[path];
  if (rest.length === 0) {
    if (present !== undefined)
      throw new ApiError(400, 'invalid_value', `${name}: the form has this field twice.`, name);
    into[path] = value;
    return;
  }
  if (present !== undefined && !isFields(present)) {
    throw new ApiError(
      400,
      'invalid_value',
      `${name}: the form has this field twice, with and without brackets.`,
      name,
    );
  }
  const inner = present ?? emptyFields();
  into[path] = inner;
  insert(inner, rest, value, name);
}

/** The index that `[]` stands for: the last element as long as it lacks the field, and a new one after that. */
function nextIndex(list: Fields, rest: readonly string[]): string {
  const count = Object.keys(list).length;
  const last = list[String(count - 1)];
  return isFields(last) && rest.length > 0 && !has(last, rest) ? String(count - 1) : String(count);
}

function has(fields: Fields, [key = '', ...rest]: readonly string[]): boolean {
  const value = fields[key];
  if (rest.length === 0 || !isFields(value)) return value !== undefined;
  return has(value, rest);
}

/** Turns objects with the keys 0, 1, 2 … into lists. */
function listsOf(value: unknown): unknown {
  if (!isFields(value)) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, listsOf(inner)] as const);
  const isList = entries.length > 0 && entries.every(([key], index) => key === String(index));
  if (isList) return entries.map(([, inner]) => inner);
  return Object.assign(emptyFields(), Object.fromEntries(entries));
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === null;
