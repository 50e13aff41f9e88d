import { CameraMove } from '@cinematica/protocol/v1';

/** How a photo moves: the way in percent of its size to each side of the middle, and its scale at both ends. */
interface Drift {
  readonly x: number;
  readonly y: number;
  readonly from: number;
  readonly to: number;
}

/** Large enough that no edge of the photo is seen. */
const WIDE = 1.06;
const SIDEWAYS = { from: WIDE, to: WIDE } as const;

/** The photo moves against the camera. */
const DRIFTS: Readonly<Partial<Record<CameraMove, Drift>>> = {
  [CameraMove.PUSH_IN]: { x: 0, y: 0, from: 1, to: 1.08 },
  [CameraMove.PULL_OUT]: { x: 0, y: 0, from: 1.08, to: 1 },
  [CameraMove.PAN_LEFT]: { x: 2, y: 0, ...SIDEWAYS },
  [CameraMove.PAN_RIGHT]: { x: -2, y: 0, ...SIDEWAYS },
  [CameraMove.TILT_UP]: { x: 0, y: 2, ...SIDEWAYS },
  [CameraMove.TILT_DOWN]: { x: 0, y: -2, ...SIDEWAYS },
  [CameraMove.ORBIT_LEFT]: { x: 1.5, y: 0, from: 1.04, to: WIDE },
  [CameraMove.ORBIT_RIGHT]: { x: -1.5, y: 0, from: 1.04, to: WIDE },
  [CameraMove.STILL]: { x: 0, y: 0, from: 1, to: 1.015 },
};

/** Custom properties of the movement of a photo whose video is being made. Without a chosen direction it comes closer. */
export function driftStyle(camera: CameraMove): string {
  const { x, y, from, to } = DRIFTS[camera] ?? { x: 0, y: 0, from: 1, to: 1.05 };
  return `--drift-x: ${x}%; --drift-y: ${y}%; --drift-from: ${from}; --drift-to: ${to}`;
}
