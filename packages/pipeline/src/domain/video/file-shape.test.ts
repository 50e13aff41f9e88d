import { expect, test } from 'vitest';
import { fileShape } from './file-shape.ts';

const hd = { width: 1280, height: 720, frames: 50, fps: 7, outputFps: 28 };

test('the frames of the files lie between the first and the last of the model', () => {
  expect(fileShape(hd, 'mp4')).toEqual({ width: 1280, height: 720, frames: 197, fps: 28 });
  expect(fileShape({ ...hd, outputFps: 30 }, 'webm')).toMatchObject({ frames: 211, fps: 30 });
  expect(fileShape({ ...hd, outputFps: 7 }, 'mp4')).toMatchObject({ frames: 50, fps: 7 });
});

test('a boomerang is one period, without its end frames twice', () => {
  expect(fileShape(hd, 'mp4', true)).toMatchObject({ frames: 392, fps: 28 });
  expect(fileShape({ ...hd, frames: 2, outputFps: 7 }, 'mp4', true)).toMatchObject({ frames: 2 });
});

test('an animated WebP is smaller and slower', () => {
  expect(fileShape(hd, 'webp')).toEqual({ width: 640, height: 360, frames: 99, fps: 14 });
  expect(fileShape({ ...hd, width: 64, height: 48, outputFps: 7 }, 'webp')).toEqual({
    width: 64,
    height: 48,
    frames: 50,
    fps: 7,
  });
});

test('a poster is one frame, and so is any file of a video of one frame', () => {
  expect(fileShape(hd, 'poster')).toEqual({ width: 1280, height: 720, frames: 1, fps: 7 });
  expect(fileShape({ ...hd, frames: 1 }, 'mp4', true)).toMatchObject({ frames: 1, fps: 7 });
});

test('odd sizes become even', () => {
  expect(fileShape({ ...hd, width: 33, height: 17 }, 'mp4')).toMatchObject({ width: 34, height: 18 });
});
