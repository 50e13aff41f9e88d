import { getOption } from '@bufbuild/protobuf';
import { field as fieldRules } from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js';
import { FileKindSchema } from '@cinematica/protocol/stages';
import { MediaKind, MediaKindSchema, VideoSettingsSchema } from '@cinematica/protocol/v1';
import { expect, test } from 'vitest';
import { EXTRA_OUTPUT_NAMES, extraOutputKind, extraOutputName, OUTPUT_FILES, OUTPUT_NAMES } from './output-files.ts';

const sorted = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b);

test('the API has exactly the kinds of files in the list, and the photo', () => {
  const kinds = MediaKindSchema.values.map(({ number }) => number).filter((kind) => kind > MediaKind.PHOTO);
  expect(sorted(OUTPUT_NAMES.map((name) => OUTPUT_FILES[name].kind))).toEqual(sorted(kinds));
});

test('a request may ask for exactly the optional files', () => {
  const rules = getOption(VideoSettingsSchema.field.outputs, fieldRules).type;
  if (rules.case !== 'repeated') throw new Error('outputs has no rules');
  const items = rules.value.items?.type;
  const allowed = items?.case === 'enum' ? items.value.in : [];
  expect(sorted(allowed)).toEqual(sorted(EXTRA_OUTPUT_NAMES.map((name) => OUTPUT_FILES[name].kind)));
  expect(Number(rules.value.maxItems)).toBe(EXTRA_OUTPUT_NAMES.length);
});

test('the muxer’s own API has the same files', () => {
  const names = FileKindSchema.values
    .filter(({ number }) => number > 0)
    .map(({ localName }) => localName.toLowerCase());
  expect(names.sort()).toEqual([...OUTPUT_NAMES].sort());
});

test('names and kinds of optional files are translated both ways, and others are not', () => {
  for (const name of EXTRA_OUTPUT_NAMES) expect(extraOutputName(extraOutputKind(name)!)).toBe(name);
  expect(extraOutputName(MediaKind.MP4)).toBeUndefined();
  expect(extraOutputKind('poster')).toBeUndefined();
});
