import { m } from '#lib/i18n/index.ts';
import type { PhotoError, PhotoProblem } from './read-photo.ts';

const messages: Readonly<Record<PhotoProblem, () => string>> = {
  'not-a-photo': m.create_problem_not_a_photo,
  heic: m.create_problem_heic,
  unreadable: m.create_problem_unreadable,
  'too-large': m.create_problem_too_large,
  'too-small': m.create_problem_too_small,
};

/** The message for a photo that could not be opened, in the user's language: what went wrong and what to do about it. */
export const photoMessage = ({ problem }: PhotoError): string => messages[problem]();
