/** Returns the new name of a tensor by the first rule whose pattern matches its name; undefined if none does. */
export type Rename = (name: string) => string | undefined;

/** A pattern that matches whole names, and their new name: a text in which `$1`, `$2` … are the groups, or a function of the groups. */
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
