import { CARD_SIZE, evenSize } from '@cinematica/pipeline';
import type { FileShape } from '@cinematica/pipeline';
import { shapeOf } from './media-request.ts';
import type { MediaOutput, MediaRequest } from './media-request.ts';

/** The colour tags of the frames after the conversion. */
const BT709 = 'setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709';

/** Converts RGB to limited-range BT.709, which the files are tagged with. The chroma is computed from every pixel. */
const TO_BT709 = [
  'scale=in_range=pc:out_range=tv:out_color_matrix=bt709:flags=bicubic+accurate_rnd+full_chroma_inp+full_chroma_int',
  'format=yuv420p',
  BT709,
].join();

/** The YUV of WebP is BT.601, so its encoder receives RGB. */
const TO_RGB = 'scale=in_color_matrix=bt709:in_range=tv:flags=bicubic+accurate_rnd+full_chroma_int,format=bgra';

/** The label of an output's stream. */
export const outputLabel = (index: number): string => `[out${index}]`;

/** An output that is made from RGB frames, and the output with the converted frames themselves, if that is wanted. */
export interface ForwardOutputs {
  readonly outputs: readonly (MediaOutput & { readonly label: string })[];
  /** The label of the converted frames at the rate of the files, as `yuv420p`; undefined when nothing needs them. */
  readonly converted?: string | undefined;
}

/** One filter graph for all outputs that play forwards, so that the frames are read only once. */
export function forwardFilters(request: MediaRequest, { outputs, converted }: ForwardOutputs): string {
  const isStill = ({ format }: MediaOutput): boolean => format === 'poster' || format === 'card';
  const stills = outputs.filter(isStill);
  const videos = outputs.filter((output) => !isStill(output));
  const streams = [...videos.map((_, index) => `[v${index}]`), ...(converted === undefined ? [] : ['[v]'])];
  const graph: string[] = [];
  /** Splits a stream into labels. ffmpeg requires that every output of a split is used. */
  const fork = (from: string, labels: readonly string[]): void => {
    if (labels.length > 0) graph.push(`${from}split=${labels.length}${labels.join('')}`);
  };
  fork(`[0:v]${resize(request)}`, [...stills.map((_, index) => `[p${index}]`), ...(streams.length ? ['[rgb]'] : [])]);
  for (const [index, { format, label }] of stills.entries()) {
    graph.push(`[p${index}]select=not(n),${format === 'card' ? card(index) : 'format=bgra'}${label}`);
  }
  if (streams.length) fork(`[rgb]${TO_BT709}${repeatFrames(request)},`, streams);
  const full = shapeOf(request, { format: 'mp4' });
  for (const [index, output] of videos.entries()) graph.push(`[v${index}]${fit(request, output, full)}${output.label}`);
  if (converted !== undefined) graph.push(`[v]null${converted}`);
  return graph.join(';');
}

/** The filter graph of the outputs that play forwards and backwards, from converted frames in this order. */
export function boomerangFilters(request: MediaRequest, outputs: ForwardOutputs['outputs']): string {
  const full = shapeOf(request, { format: 'mp4', boomerang: true });
  const streams = outputs.map((_, index) => `[v${index}]`);
  const fitted = outputs.map((output, index) => `[v${index}]${fit(request, output, full)}${output.label}`);
  return [`[0:v]${BT709},split=${streams.length}${streams.join('')}`, ...fitted].join(';');
}

/** Repeats frames until there are enough of them for the frame rate of the files. */
function repeatFrames(request: MediaRequest): string {
  const { frames, fps } = shapeOf(request, { format: 'mp4' });
  // The filter must not end before the frames do, or too many frames would go unnoticed.
  return fps > request.fps ? `,fps=fps=${fps}:round=up,trim=end_frame=${frames}` : '';
}

/**
 * The picture of a link preview: the whole frame, over a blurred copy of it that fills the picture. JPEG's colours are those of
 * BT.601 in full range.
 *
 * @param id makes the labels of the streams unique
 */
function card(id: number): string {
  const { width, height } = CARD_SIZE;
  const size = `${width}:${height}`;
  const filled = `scale=${size}:force_original_aspect_ratio=increase:flags=bicubic,crop=${size},gblur=sigma=24`;
  const whole = `scale=${size}:force_original_aspect_ratio=decrease:flags=lanczos`;
  const jpeg = 'scale=out_range=pc:out_color_matrix=bt601,format=yuvj420p';
  return `split[c${id}][d${id}];[c${id}]${filled}[e${id}];[d${id}]${whole}[f${id}];[e${id}][f${id}]overlay=(W-w)/2:(H-h)/2:format=gbrp,${jpeg}`;
}

/** The frames of a format that has fewer or smaller ones than the others. */
function fit(request: MediaRequest, output: MediaOutput, full: FileShape): string {
  const { format, boomerang } = output;
  if (format !== 'webp') return 'null';
  const { width, height, frames, fps } = shapeOf(request, { format, boomerang });
  const every = Math.round(full.fps / fps);
  return [
    ...(frames < full.frames ? [`select=not(mod(n\\,${every})),setpts=N/(${fps}*TB)`] : []),
    ...(width < full.width || height < full.height ? [`scale=${width}:${height}:flags=area+accurate_rnd`] : []),
    TO_RGB,
  ].join();
}

/**
 * Enlarges frames to the size of the files. Where only the size is odd, it repeats the last column or row instead, so that
 * nothing is cut off and no border is visible.
 */
function resize({ width, height, outputWidth = width, outputHeight = height }: MediaRequest): string {
  const [toWidth, toHeight] = [evenSize(outputWidth), evenSize(outputHeight)];
  if (outputWidth !== width || outputHeight !== height) {
    return `scale=${toWidth}:${toHeight}:flags=lanczos+accurate_rnd+full_chroma_int,`;
  }
  const [right, bottom] = [toWidth - width, toHeight - height];
  if (right + bottom === 0) return '';
  return `format=gbrp,pad=${toWidth}:${toHeight},fillborders=right=${right}:bottom=${bottom}:mode=smear,`;
}
