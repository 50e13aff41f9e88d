/**
 * The bytes that a base64 text stands for, with or without padding, if it is valid. Node's decoder, which is tens of times faster
 * than one in JavaScript or a regular expression, skips other characters: then it writes fewer bytes than this.
 * @returns null for a text of a length that no base64 has.
 */
export function decodedLength(text: string): number | null {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const characters = text.length - padding;
  return characters % 4 === 1 ? null : Math.floor((characters * 3) / 4);
}

/** Decodes base64, also the one for URLs. @returns null for any other text */
export function decodeBase64(text: string): Uint8Array | null {
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === decodedLength(text) ? bytes : null;
}
