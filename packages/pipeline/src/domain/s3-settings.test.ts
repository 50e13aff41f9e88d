import { expect, test } from 'vitest';
import { s3SettingsSchema } from './s3-settings.ts';

test.each(['', 'cell-a/', 'videos/cell-a/', 'media-of-a/'])('accepts the prefix “%s”', (S3_PREFIX) => {
  expect(s3SettingsSchema.parse({ S3_PREFIX })).toMatchObject({ S3_PREFIX });
});

test.each(['cell-a', '/', '/cell-a/', 'cell a/'])('refuses the prefix “%s”, which is no folder', (S3_PREFIX) => {
  expect(() => s3SettingsSchema.parse({ S3_PREFIX })).toThrow('must be empty, or end with a slash');
});

test.each(['media/', 'photos/cell-a/', 'cell-a/latents/'])(
  'refuses the prefix “%s”, where an installation with a shorter prefix would remove everything',
  (S3_PREFIX) => {
    expect(() => s3SettingsSchema.parse({ S3_PREFIX })).toThrow('must have no folder photos, latents, frames, media');
  },
);
