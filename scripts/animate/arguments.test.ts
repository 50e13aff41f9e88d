import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { readArguments } from './arguments.ts';
import { UsageError } from './usage-error.ts';

test('what is given is read, and the rest left to the model', () => {
  const options =
    '--frames 50 --guidance 1.5:2 --max-guidance 4 --focus 0.25,1 --seed 7 --noise-aug .1 --loop --size 16:9';
  expect(readArguments(['a b.jpg', 'Out.MP4', ...options.split(' '), '--provider', 'cpu'])).toEqual({
    ...{ photo: 'a b.jpg', output: resolve('Out.MP4'), format: 'mp4', model: undefined, size: '16:9' },
    ...{ frames: 50, outputFps: undefined, loop: true, preset: undefined, focus: { x: 0.25, y: 1 } },
    ...{ threads: undefined, provider: 'cpu', seed: 7 },
    settings: { minGuidance: 1.5, maxGuidance: 4, noiseAug: 0.1 },
  });
  expect(readArguments(['a.jpg', 'b.webm', '--guidance', '2'])?.settings).toEqual({ minGuidance: 2, maxGuidance: 2 });
  expect(readArguments(['-h'])).toBeNull();
});

test.each([
  ['p.jpg', 'where to? Give a file for the video: p.jpg out.mp4'],
  ['p.jpg o.mp4 q.mp4', 'one photo and one video, not also q.mp4'],
  ['p.jpg o.avi', "o.avi: the video's name must end in .mp4, .webm, .webp"],
  ['p.jpg o.mp4 --steps', "Option '--steps <value>' argument missing"],
  ['p.jpg o.mp4 --steps -3', "Option '--steps' argument is ambiguous"],
  ['p.jpg o.mp4 --steps many', '--steps must be a number, not "many"'],
  ['p.jpg o.mp4 --frames 251', '--frames must be a whole number from 1 to 250, not 251'],
  ['p.jpg o.mp4 --threads 0', '--threads must be a whole number from 1 to 1024, not 0'],
  ['p.jpg o.mp4 --guidance 1:2:3', '--guidance must be MIN:MAX such as 1:3, not "1:2:3"'],
  ['p.jpg o.mp4 --focus 1,2', '--focus must be X,Y from 0,0 to 1,1 such as 0.5,0.3, not "1,2"'],
  ['p.jpg o.mp4 --sampler dpm', '--sampler must be one of euler, ays, animatelcm, not "dpm"'],
  ['p.jpg o.mp4 --preset wild', '--preset must be one of calm, natural, lively, not "wild"'],
])('%s', (line, message) => {
  expect(() => readArguments(line.split(' '))).toThrow(new UsageError(message));
});

test('a provider that is none is named with where it was asked for', () => {
  expect(() => readArguments(['p.jpg', 'o.mp4', '--provider', 'tpu'])).toThrow(
    /^--provider="tpu" is none of auto, cuda/,
  );
});
