const MAX_LENGTH = 120;

/**
 * Quotes a name from an untrusted file for an error message: on one line, truncated to 120 characters, and without
 * characters that a terminal would interpret.
 */
export function quoteName(name: string): string {
  const shown = name.length > MAX_LENGTH ? `${name.slice(0, MAX_LENGTH)}…` : name;
  return `"${shown.replace(/[\p{C}\p{Zl}\p{Zp}"\\]/gu, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`)}"`;
}
