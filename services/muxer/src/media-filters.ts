import { evenSize, fileFps, fileFrames, interpolates } from './media-request.ts';
import type { MediaRequest } from './media-request.ts';

/** Converts RGB to limited-range BT.709, which the files are tagged with. The chroma is computed from every pixel. */
const TO_BT709 = [
  'scale=in_range=pc:out_range=tv:out_color_matrix=bt709:flags=bicubic+accurate_rnd+full_chroma_inp+full_chroma_int',
  'format=yuv420p',
  'setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709',
].join();

/** The YUV of WebP is BT.601, so its encoder receives RGB. */
const TO_RGB = 'scale=in_color_matrix=bt709:in_range=tv:flags=bicubic+accurate_rnd+full_chroma_int,format=bgra';

/** ffmpeg's motion estimation rejects images with a shorter side. */
const MIN_MOTION_SIDE = 32;

/** The label of an output's stream. */
export const outputLabel = (index: number): string => `[out${index}]`;

/** One filter graph for all outputs, so that the frames are read only once. */
export function mediaFilters(request: MediaRequest): string {
  const outputs = request.outputs.map((output, index) => ({ ...output, index, label: outputLabel(index) }));
  const posters = outputs.filter(({ format }) => format === 'poster');
  const there = outputs.filter(({ format, boomerang }) => format !== 'poster' && !boomerang);
  const andBack = outputs.filter(({ format, boomerang }) => format !== 'poster' && boomerang);

  const graph: string[] = [];
  /** Splits a stream into labels. ffmpeg requires that every output of a split is used. */
  const fork = (from: string, labels: readonly string[]): void => {
    if (labels.length > 0) graph.push(`${from}split=${labels.length}${labels.join('')}`);
  };
  const motion = [...(there.length ? ['[there]'] : []), ...(andBack.length ? ['[turn]'] : [])];

  fork(`[0:v]${padToEven(request)}`, [
    ...posters.map(({ index }) => `[p${index}]`),
    ...(motion.length ? ['[rgb]'] : []),
  ]);
  for (const { index, label } of posters) graph.push(`[p${index}]select=not(n),format=bgra${label}`);
  if (motion.length) fork(`[rgb]${TO_BT709},`, motion);
  if (there.length) graph.push(`[there]${timeline(request, false)}[a]`);
  if (andBack.length) {
    // Reversing keeps all frames in memory, so it comes before the interpolation.
    graph.push('[turn]split[forth][r]', '[r]reverse,trim=start_frame=1[back]');
    graph.push(`[forth][back]concat=n=2:v=1:a=0,settb=1/${request.fps},setpts=N,${timeline(request, true)}[b]`);
  }
  const named = (kind: string) => (output: { index: number }) => `[${kind}${output.index}]`;
  fork('[a]', there.map(named('a')));
  fork('[b]', andBack.map(named('b')));
  for (const { index, label, format, boomerang } of [...there, ...andBack]) {
    graph.push(`[${boomerang ? 'b' : 'a'}${index}]${format === 'webp' ? TO_RGB : 'null'}${label}`);
  }
  return graph.join(';');
}

/** Interpolates, and cuts to the exact number of frames of the file. */
function timeline(request: MediaRequest, boomerang: boolean): string {
  const count = fileFrames(request, { format: 'mp4', boomerang });
  // The filter must not end before the frames do, or too many frames would go unnoticed.
  if (!interpolates(request)) return boomerang ? `trim=end_frame=${count}` : 'null';
  const small = Math.min(evenSize(request.width), evenSize(request.height)) < MIN_MOTION_SIDE;
  // Of ffmpeg's modes, this one is the closest to the true frames of a moving photo, in two thirds of the time of `bidir`.
  const mode = small ? 'mi_mode=blend' : 'mi_mode=mci:mc_mode=aobmc:me_mode=bilat';
  // The filter looks one frame ahead. Without a repeated last frame, the last interval would be missing.
  return `tpad=stop_mode=clone:stop=1,minterpolate=fps=${fileFps(request)}:${mode}:scd=none,trim=end_frame=${count}`;
}

/** Repeats the last column or row of an odd size, so that nothing is cut off and no border is visible. */
function padToEven({ width, height }: MediaRequest): string {
  const [right, bottom] = [evenSize(width) - width, evenSize(height) - height];
  if (right + bottom === 0) return '';
  return `format=gbrp,pad=${width + right}:${height + bottom},fillborders=right=${right}:bottom=${bottom}:mode=smear,`;
}
