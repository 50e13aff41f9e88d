/** An object without the fields that are undefined. */
export function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** An object without some of its fields. */
export function without<T extends object, Name extends keyof T>(fields: T, ...names: readonly Name[]): Omit<T, Name> {
  const left = Object.entries(fields).filter(([name]) => !names.some((each) => each === name));
  return Object.fromEntries(left) as Omit<T, Name>;
}
