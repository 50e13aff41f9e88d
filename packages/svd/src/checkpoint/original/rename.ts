/** Replaces parts of a name: the first rule whose pattern matches is applied. Undefined if none does. */
export type Rename = (name: string) => string | undefined;

/** One rule: a pattern for a whole name, and the new name with `$1`, `$2` … */
export type Rule = readonly [pattern: RegExp, replacement: string | ((...groups: string[]) => string)];

/** Creates a {@link Rename} from rules. */
export function createRename(rules: readonly Rule[]): Rename {
  return (name) => {
    for (const [pattern, replacement] of rules) {
      const match = pattern.exec(name);
      if (!match) continue;
      if (typeof replacement === 'string') return name.replace(pattern, replacement);
      return replacement(...match.slice(1));
    }
    return undefined;
  };
}
