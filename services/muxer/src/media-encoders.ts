import { GENERATED_SOURCE_TYPE } from '@cinematica/provenance';
import type { FileFormat } from '@cinematica/settings';
import { shapeOf } from './media-request.ts';
import type { MediaOutput, MediaRequest } from './media-request.ts';

/** ffmpeg's encoder of the picture, for each format. */
export const ENCODERS: Readonly<Record<FileFormat, string>> = {
  mp4: 'libx264',
  webm: 'libvpx-vp9',
  webp: 'libwebp_anim',
  poster: 'libwebp',
  card: 'mjpeg',
};

/** The colour tags. They are correct because the filters convert to BT.709. */
const BT709 = '-color_range tv -color_primaries bt709 -color_trc bt709 -colorspace bt709'.split(' ');

/** Makes the output deterministic: no random identifiers and no dates. */
export const SAME_BYTES = '-map_metadata -1 -fflags +bitexact -flags:v +bitexact -flags:a +bitexact'.split(' ');

/** ffmpeg's encoder of sound. */
export const SOUND_ENCODER = 'aac';

/**
 * Whether a file has a sound track, which is silent. Messengers turn an mp4 without one into a GIF, and some networks refuse
 * it. A boomerang is meant to be such a moving picture.
 */
export const hasSound = ({ format, boomerang = false }: Omit<MediaOutput, 'file'>): boolean =>
  format === 'mp4' && !boomerang;

/** A keyframe every two seconds, for seeking. */
const gopOptions = (fps: number): string[] => ['-g', String(Math.ceil(2 * fps))];

/** ffmpeg's options for the picture of an mp4. @param fps frames per second @param threads of the encoder */
export const mp4Picture = (fps: number, threads: number): string[] => [
  ...['-r', String(fps), '-threads', String(threads), '-c:v', ENCODERS.mp4, ...SAME_BYTES],
  ...gopOptions(fps),
  ...'-profile:v high -preset fast -crf 18 -pix_fmt yuv420p'.split(' '),
  ...BT709,
];

/** ffmpeg's options for the silent sound of an mp4. @param seconds its duration */
export const silentSound = (seconds: number): string[] => ['-c:a', SOUND_ENCODER, '-b:a', '32k', '-t', String(seconds)];

/** Players start before the file has arrived, and other programs find its metadata. */
export const MP4_FLAGS = '-movflags +faststart+use_metadata_tags+write_colr'.split(' ');

/** ffmpeg's options for an output. */
export function encoderOptions(output: Omit<MediaOutput, 'file'>, request: MediaRequest): string[] {
  const { settings, threads = 2 } = request;
  const { format } = output;
  const { frames, fps } = shapeOf(request, output);
  const metadata = ['-metadata', `comment=${JSON.stringify(settings)}`];
  const tagged = [...metadata, '-metadata', `digitalSourceType=${GENERATED_SOURCE_TYPE}`];
  const gop = gopOptions(fps);
  const common = ['-r', String(fps), '-threads', String(threads), '-c:v', ENCODERS[format], ...SAME_BYTES];
  switch (format) {
    case 'mp4':
      return [
        ...mp4Picture(fps, threads),
        ...(hasSound(output) ? silentSound(frames / fps) : []),
        ...MP4_FLAGS,
        ...tagged,
        ...['-f', 'mp4'],
      ];
    case 'webm':
      return [
        ...common,
        ...gop,
        ...'-crf 28 -b:v 0 -deadline good -cpu-used 4 -row-mt 1 -pix_fmt yuv420p'.split(' '),
        ...BT709,
        ...tagged,
        ...['-f', 'webm'],
      ];
    case 'webp':
      return [...common, ...'-quality 80 -preset photo -loop 0 -f webp'.split(' ')];
    case 'poster':
      return [...common, ...'-quality 90 -preset photo -f webp'.split(' ')];
    case 'card':
      return [...common, ...'-q:v 3 -huffman optimal -f image2 -update 1'.split(' ')];
  }
}
