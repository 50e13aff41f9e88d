/**
 * Makes short videos from still photos with a Cinemática system. It runs in Node and in browsers.
 *
 * @example
 * const cinematica = createCinematica({ baseUrl: 'http://localhost:8080', apiKey });
 * const video = await cinematica.create(photo, { settings: { frames: 50 } });
 * const done = await cinematica.wait(video);
 * const mp4 = await cinematica.download(done, MediaKind.MP4);
 */
export { createCinematica } from './client.ts';
export type { CallOptions, Cinematica, ClientOptions, CreateOptions, Settings, Source } from './client.ts';
export { CinematicaError, isCancelled, isUnreachable, UnreachableError, VideoEndedError } from './errors.ts';
export type { FieldViolation, Reason } from './errors.ts';
export type { VideoRpc } from './video-rpc.ts';
export { isFinal } from './watch.ts';
export type { VideoUpdate } from './watch.ts';
export {
  CameraMove,
  ErrorReason,
  MediaKind,
  Notice,
  Preset,
  Resolution,
  Stage,
  Video_State as VideoState,
} from '@cinematica/protocol/v1';
export type { Capabilities, Media, Preview, Progress, Video, VideoSettings } from '@cinematica/protocol/v1';
