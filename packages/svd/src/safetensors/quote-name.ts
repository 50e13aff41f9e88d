const LONGEST = 120;

/**
 * A name out of a file, quoted for an error message: one line, at most about 120 characters, nothing that a terminal
 * would obey. Files can be hostile, and their names are what the errors about them have to show.
 */
export function quoteName(name: string): string {
  const shown = name.length > LONGEST ? `${name.slice(0, LONGEST)}…` : name;
  return `"${shown.replace(/[\p{C}\p{Zl}\p{Zp}"\\]/gu, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`)}"`;
}
