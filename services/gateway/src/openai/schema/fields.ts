import { SETTINGS } from '@cinematica/settings';
import type { SettingName } from '@cinematica/settings';
import { z } from 'zod';

interface Range {
  readonly min: number;
  readonly max: number;
  readonly integer: boolean;
}

/** A number in a range. In a form, whose fields are text, the same number as decimal digits. */
export function numeric({ min, max, integer }: Range) {
  const error = `must be a ${integer ? 'whole ' : ''}number from ${min} to ${max}`;
  const number = integer ? z.int({ error }) : z.number({ error });
  const inRange = number.min(min, { error }).max(max, { error });
  const text = z
    .string({ error })
    .regex(integer ? /^-?\d{1,16}$/ : /^-?\d{1,16}(\.\d{1,16})?$/, { error })
    .transform(Number)
    .pipe(inRange);
  return z.union([inRange, text], { error });
}

/** A setting of a video, with the range that it has in every API. */
export const setting = (name: SettingName) => numeric(SETTINGS[name]);

/** One of a few words. */
export function word<const Word extends string>(words: readonly Word[]) {
  return z.enum(words, { error: `must be one of ${words.join(', ')}` });
}
