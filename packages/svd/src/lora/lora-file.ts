/** A LoRA file and how strongly it acts. */
export interface LoraFile {
  /** The path of a `.safetensors` file. */
  readonly file: string;
  /** The factor of its changes; 1 as trained, 0 without effect. It may be negative. */
  readonly strength: number;
}

/** A LoRA is written wrongly. */
export class LoraSyntaxError extends Error {
  override readonly name = 'LoraSyntaxError';
}

const MAX_STRENGTH = 100;

/**
 * Parses `FILE` or `FILE:STRENGTH`, such as `pan.safetensors:0.8`. The strength is 1 if it is left out. A file has no comma in
 * its path, because lists are separated by commas.
 * @throws LoraSyntaxError with what it must be
 */
export function parseLora(text: string): LoraFile {
  const [, file = '', strength] = /^(.+?)(?::([^:/\\]*))?$/.exec(text.trim()) ?? [];
  const number = strength === undefined ? 1 : Number(strength);
  if (file === '' || strength === '' || !(Math.abs(number) <= MAX_STRENGTH)) {
    throw new LoraSyntaxError(
      `a LoRA is FILE or FILE:STRENGTH such as pan.safetensors:0.8, with a strength from -${MAX_STRENGTH} to ${MAX_STRENGTH}, not "${text}"`,
    );
  }
  if (file.includes(',')) {
    throw new LoraSyntaxError(
      `the path of a LoRA must not have a comma, which separates several LoRAs: rename "${file}"`,
    );
  }
  return { file, strength: number };
}

/** Parses a list separated by commas; an empty text is an empty list. @throws LoraSyntaxError */
export const parseLoras = (text: string): LoraFile[] =>
  text.split(',').flatMap((part) => (part.trim() === '' ? [] : [parseLora(part)]));

/** Writes a list for {@link parseLoras}. */
export const formatLoras = (loras: readonly LoraFile[]): string =>
  loras.map(({ file, strength }) => `${file}:${strength}`).join(',');
