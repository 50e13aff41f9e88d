import { fromJson, getOption } from '@bufbuild/protobuf';
import type { DescField, DescFile, DescMessage, JsonValue } from '@bufbuild/protobuf';
import { field as fieldRules } from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js';
import type { FieldRules } from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js';
import { nestedTypes } from '@bufbuild/protobuf/reflect';
import { expect, test } from 'vitest';
import { BadRequestSchema } from '../error-details.ts';
import { file_cinematica_v1_settings } from '../gen/cinematica/v1/settings_pb.ts';
import { CreateVideoRequestSchema, file_cinematica_v1_video_service } from '../gen/cinematica/v1/video_service_pb.ts';
import { checkMessage } from './check-message.ts';
import { describePattern } from './describe-violation.ts';
import { RpcError } from './rpc-error.ts';

function violations(desc: DescMessage, json: JsonValue): Record<string, string> {
  try {
    checkMessage(desc, fromJson(desc, json));
  } catch (error) {
    const [details] = RpcError.from(error).find(BadRequestSchema);
    return Object.fromEntries(details?.fieldViolations.map(({ field, description }) => [field, description]) ?? []);
  }
  return {};
}

test('enums are described by the names of their values', () => {
  const settings = { preset: 9, outputs: ['MEDIA_KIND_MP4'], resolution: 7 };
  expect(violations(CreateVideoRequestSchema, { image: 'AAAA', settings })).toEqual({
    'settings.preset': 'must be one of PRESET_CALM, PRESET_NATURAL, PRESET_LIVELY',
    'settings.outputs[0]': 'must be one of MEDIA_KIND_LOOP, MEDIA_KIND_WEBP, MEDIA_KIND_WEBM',
    'settings.resolution': 'must be one of RESOLUTION_MODEL, RESOLUTION_HD, RESOLUTION_FULL_HD',
  });
});

test('names, labels and missing sources are described in words', () => {
  expect(violations(CreateVideoRequestSchema, { video: 'x', labels: { 'A b': 'x' } })).toEqual({
    video: 'must be the name of a video: “videos/” and a UUID in lower case',
    'labels["A b"]':
      'must be a key of 1 to 63 lower-case letters, digits, underscores and hyphens that starts with a letter',
  });
  expect(violations(CreateVideoRequestSchema, {})).toEqual({
    source: 'one of image, video, continue_from, image_url, join is required',
  });
});

test('every pattern of the API is described in words', () => {
  const patterns = [file_cinematica_v1_settings, file_cinematica_v1_video_service].flatMap(patternsOf);
  expect(patterns.length).toBeGreaterThan(8);
  for (const pattern of patterns) expect(describePattern(pattern), pattern).toMatch(/^must be /);
});

function patternsOf(file: DescFile): string[] {
  return [...nestedTypes(file)].flatMap((type) =>
    type.kind === 'message' ? type.fields.flatMap(patternsOfField) : [],
  );
}

function patternsOfField(field: DescField): string[] {
  const of = (rules: FieldRules | undefined): string[] => {
    const type = rules?.type;
    if (type?.case === 'string') return type.value.pattern ? [type.value.pattern] : [];
    if (type?.case === 'repeated') return of(type.value.items);
    return type?.case === 'map' ? [...of(type.value.keys), ...of(type.value.values)] : [];
  };
  return of(getOption(field, fieldRules));
}
