import { CameraMove } from '@cinematica/protocol/v1';
import { m } from '#lib/i18n/index.ts';

const LABELS: Readonly<Record<CameraMove, () => string>> = {
  [CameraMove.UNSPECIFIED]: m.video_camera_auto,
  [CameraMove.STILL]: m.video_camera_still,
  [CameraMove.PUSH_IN]: m.video_camera_push_in,
  [CameraMove.PULL_OUT]: m.video_camera_pull_out,
  [CameraMove.PAN_LEFT]: m.video_camera_pan_left,
  [CameraMove.PAN_RIGHT]: m.video_camera_pan_right,
  [CameraMove.TILT_UP]: m.video_camera_tilt_up,
  [CameraMove.TILT_DOWN]: m.video_camera_tilt_down,
  [CameraMove.ORBIT_LEFT]: m.video_camera_orbit_left,
  [CameraMove.ORBIT_RIGHT]: m.video_camera_orbit_right,
};

/** What a camera move is called, in the user's language. */
export const cameraLabel = (move: CameraMove): string => (LABELS[move] ?? m.video_camera_auto)();
