import { CameraMove, CameraMoveSchema } from '@cinematica/protocol/v1';
import { expect, test } from 'vitest';
import { CAMERA_MOVE_NAMES, CAMERA_MOVES, cameraMoveName } from './camera-moves.ts';

test('every camera move of the API has a name, which is that of its value', () => {
  const values = CameraMoveSchema.values.filter(({ number }) => number !== CameraMove.UNSPECIFIED);
  expect(values.map(({ number, localName }) => [localName.toLowerCase().replace('_', '-'), number])).toEqual(
    Object.entries(CAMERA_MOVES),
  );
  expect(values.map(({ number }) => cameraMoveName(number as CameraMove))).toEqual(CAMERA_MOVE_NAMES);
});

test('an unspecified or unknown camera move has no name', () => {
  expect(cameraMoveName(CameraMove.UNSPECIFIED)).toBeUndefined();
  expect(cameraMoveName(99 as CameraMove)).toBeUndefined();
});
