import { MediaKind } from '@cinematica/protocol/v1';

/**
 * The format of a file: H.264 in mp4, VP9 in WebM, an animated WebP, the first frame as a WebP image, or the same as a JPEG
 * for link previews.
 */
export type FileFormat = 'mp4' | 'webm' | 'webp' | 'poster' | 'card';

/** A file that the muxer makes of a video. */
interface OutputFile {
  /** Its kind in the API. */
  readonly kind: MediaKind;
  readonly format: FileFormat;
  /** Whether it plays forwards and then backwards. */
  readonly boomerang: boolean;
  /** The last part of its links. */
  readonly fileName: string;
  readonly contentType: string;
  /** Whether it is made only on request (`VideoSettings.outputs`). */
  readonly optional: boolean;
}

/** Every file that a video can have, under its name in plans and among the artifacts, in the order of `Video.media`. */
export const OUTPUT_FILES = {
  poster: {
    kind: MediaKind.POSTER,
    format: 'poster',
    boomerang: false,
    fileName: 'poster.webp',
    contentType: 'image/webp',
    optional: false,
  },
  card: {
    kind: MediaKind.CARD,
    format: 'card',
    boomerang: false,
    fileName: 'card.jpg',
    contentType: 'image/jpeg',
    optional: false,
  },
  mp4: {
    kind: MediaKind.MP4,
    format: 'mp4',
    boomerang: false,
    fileName: 'video.mp4',
    contentType: 'video/mp4',
    optional: false,
  },
  loop: {
    kind: MediaKind.LOOP,
    format: 'mp4',
    boomerang: true,
    fileName: 'loop.mp4',
    contentType: 'video/mp4',
    optional: true,
  },
  webp: {
    kind: MediaKind.WEBP,
    format: 'webp',
    boomerang: false,
    fileName: 'video.webp',
    contentType: 'image/webp',
    optional: true,
  },
  webm: {
    kind: MediaKind.WEBM,
    format: 'webm',
    boomerang: false,
    fileName: 'video.webm',
    contentType: 'video/webm',
    optional: true,
  },
} as const satisfies Readonly<Record<string, OutputFile>>;

export type OutputName = keyof typeof OUTPUT_FILES;
export type OutputKind = (typeof OUTPUT_FILES)[OutputName]['kind'];

/** A file that is made only on request. */
export type ExtraOutputName = {
  [Name in OutputName]: (typeof OUTPUT_FILES)[Name]['optional'] extends true ? Name : never;
}[OutputName];
export type ExtraOutputKind = (typeof OUTPUT_FILES)[ExtraOutputName]['kind'];

export const OUTPUT_NAMES = Object.keys(OUTPUT_FILES) as readonly OutputName[];

/** The files that are made only on request. */
export const EXTRA_OUTPUT_NAMES = OUTPUT_NAMES.filter((name): name is ExtraOutputName => OUTPUT_FILES[name].optional);

/** The name of a file that is made only on request; undefined for any other kind. */
export const extraOutputName = (kind: MediaKind): ExtraOutputName | undefined =>
  EXTRA_OUTPUT_NAMES.find((name) => OUTPUT_FILES[name].kind === kind);

/** The kind of a file that is made only on request; undefined for any other name. */
export function extraOutputKind(name: string): ExtraOutputKind | undefined {
  const found = EXTRA_OUTPUT_NAMES.find((extra) => extra === name);
  return found && OUTPUT_FILES[found].kind;
}
