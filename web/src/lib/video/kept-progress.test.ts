import { create } from '@bufbuild/protobuf';
import { ProgressSchema, Stage, Video_State, VideoSchema } from '@cinematica/protocol/v1';
import { afterEach, expect, test, vi } from 'vitest';
import { keepStepStart, readStepStart } from './kept-progress.ts';
import { startHistory } from './progress-history.ts';

const NAME = 'videos/1';
const observation = {
  video: create(VideoSchema, { name: NAME, state: Video_State.RUNNING }),
  progress: create(ProgressSchema, { stage: Stage.DENOISE, fraction: 0.1 }),
};

afterEach(() => vi.unstubAllGlobals());

test('the start of a step is kept until the video has ended', () => {
  const stored = new Map<string, string>();
  vi.stubGlobal('sessionStorage', {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => void stored.set(key, value),
    removeItem: (key: string) => void stored.delete(key),
  });
  expect(readStepStart(NAME)).toBeUndefined();
  keepStepStart(NAME, startHistory(observation, 5));
  expect(readStepStart(NAME)).toEqual({ stage: Stage.DENOISE, fraction: 0.1, stepTime: 5, shownFraction: 0 });
  keepStepStart(NAME, undefined);
  expect([readStepStart(NAME), stored.size]).toEqual([undefined, 0]);
});

test('blocked storage is no error', () => {
  keepStepStart(NAME, startHistory(observation, 5));
  expect(readStepStart(NAME)).toBeUndefined();
});
