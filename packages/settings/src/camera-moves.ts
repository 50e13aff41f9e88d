import { CameraMove } from '@cinematica/protocol/v1';

/** The camera moves, by the names that they have in commands, model cards and plans. */
export const CAMERA_MOVES = {
  still: CameraMove.STILL,
  'push-in': CameraMove.PUSH_IN,
  'pull-out': CameraMove.PULL_OUT,
  'pan-left': CameraMove.PAN_LEFT,
  'pan-right': CameraMove.PAN_RIGHT,
  'tilt-up': CameraMove.TILT_UP,
  'tilt-down': CameraMove.TILT_DOWN,
  'orbit-left': CameraMove.ORBIT_LEFT,
  'orbit-right': CameraMove.ORBIT_RIGHT,
} as const satisfies Readonly<Record<string, CameraMove>>;

/** The name of a camera move. */
export type CameraMoveName = keyof typeof CAMERA_MOVES;

export const CAMERA_MOVE_NAMES = Object.keys(CAMERA_MOVES) as readonly CameraMoveName[];

/** The name of a value of the API; undefined for `UNSPECIFIED` and for values of a later version. */
export const cameraMoveName = (move: CameraMove): CameraMoveName | undefined =>
  CAMERA_MOVE_NAMES.find((name) => CAMERA_MOVES[name] === move);
