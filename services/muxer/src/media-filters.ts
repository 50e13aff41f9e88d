import { evenSize, fileFps, fileFrames, interpolates } from './media-request.ts';
import type { MediaRequest } from './media-request.ts';

/** RGB to limited-range BT.709, as the files are tagged, with chroma from every pixel. */
const TO_BT709 = [
  'scale=in_range=pc:out_range=tv:out_color_matrix=bt709:flags=bicubic+accurate_rnd+full_chroma_inp+full_chroma_int',
  'format=yuv420p',
  'setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709',
].join();

/** WebP's own YUV is BT.601: its encoder is given RGB. */
const TO_RGB = 'scale=in_color_matrix=bt709:in_range=tv:flags=bicubic+accurate_rnd+full_chroma_int,format=bgra';

/** ffmpeg's motion estimation takes no picture with a side shorter than this. */
const MIN_MOTION_SIDE = 32;

/** The label of an output's stream. */
export const outputLabel = (index: number): string => `[out${index}]`;

/** One filter graph for all outputs, so that the frames are read once, as they arrive. */
export function mediaFilters(request: MediaRequest): string {
  const outputs = request.outputs.map((output, index) => ({ ...output, index, label: outputLabel(index) }));
  const posters = outputs.filter(({ format }) => format === 'poster');
  const there = outputs.filter(({ format, boomerang }) => format !== 'poster' && !boomerang);
  const andBack = outputs.filter(({ format, boomerang }) => format !== 'poster' && boomerang);

  const graph: string[] = [];
  /** Gives a stream to each label; ffmpeg wants all of a split's outputs used. */
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
    // Held in memory until the last frame has come: at the frames' own rate, before any are put in between.
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

/** Interpolated frames, and exactly as many as the file has. */
function timeline(request: MediaRequest, boomerang: boolean): string {
  const count = fileFrames(request, { format: 'mp4', boomerang });
  // Nothing may end before the frames do, or nobody would notice that more come than were announced.
  if (!interpolates(request)) return boomerang ? `trim=end_frame=${count}` : 'null';
  const small = Math.min(evenSize(request.width), evenSize(request.height)) < MIN_MOTION_SIDE;
  // Of ffmpeg's ways, this is the nearest to left-out frames of a moving photo, at two thirds of bidirectional's time.
  const mode = small ? 'mi_mode=blend' : 'mi_mode=mci:mc_mode=aobmc:me_mode=bilat';
  // It looks a frame ahead and drops what it can't, so that without one more the last interval would be missing.
  return `tpad=stop_mode=clone:stop=1,minterpolate=fps=${fileFps(request)}:${mode}:scd=none,trim=end_frame=${count}`;
}

/** Repeats the last column or row of an odd size: nothing of the picture is lost, and no border shows. */
function padToEven({ width, height }: MediaRequest): string {
  const [right, bottom] = [evenSize(width) - width, evenSize(height) - height];
  if (right + bottom === 0) return '';
  return `format=gbrp,pad=${width + right}:${height + bottom},fillborders=right=${right}:bottom=${bottom}:mode=smear,`;
}
