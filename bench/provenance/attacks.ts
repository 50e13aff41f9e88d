import { runTool } from '../finish/clip.ts';

/** Something that happens to a video on its way. */
export interface Attack {
  readonly name: string;
  /** ffmpeg's options for the file that arrives; null for the file as it was delivered. */
  readonly options: readonly string[] | null;
  readonly extension: 'mp4' | 'webm' | 'png' | 'jpg';
  /** It is more than the mark has to survive: it is measured, and is no part of the targets. @default false */
  readonly isBeyond?: boolean;
}

/** Returns a filter of ffmpeg that scales a video. H.264 needs an even width and height. */
const scaled = (factor: number): string => `scale=2*trunc(iw*${factor}/2):-2`;

const h264 = (name: string, crf: number, filter?: string, ...more: readonly string[]): Attack => ({
  name,
  options: [...(filter === undefined ? [] : ['-vf', filter]), '-c:v', 'libx264', '-crf', String(crf), ...more],
  extension: 'mp4',
});
const still = (name: string, extension: 'png' | 'jpg', filter: string): Attack => ({
  name,
  isBeyond: true,
  options: ['-ss', '0.5', '-frames:v', '1', '-vf', filter, ...(extension === 'jpg' ? ['-q:v', '5'] : [])],
  extension,
});

/** The first one is the video itself. */
export const ATTACKS: readonly Attack[] = [
  { name: 'as delivered (CRF 18)', options: null, extension: 'mp4' },
  h264('H.264, CRF 28', 28),
  h264('H.264, CRF 33', 33),
  h264('half the size, CRF 28', 28, scaled(0.5)),
  { ...h264('half the size and CRF 33', 33, scaled(0.5)), isBeyond: true },
  {
    ...h264('without its first 0.6 s, half the size, CRF 28', 28, `trim=start=0.6,setpts=PTS-STARTPTS,${scaled(0.5)}`),
    isBeyond: true,
  },
  h264('three quarters of the size, CRF 28', 28, scaled(0.75)),
  h264('cropped to 80 %, CRF 28', 28, 'crop=iw*0.8:ih*0.8:iw*0.07:ih*0.13'),
  h264('15 frames a second, CRF 28', 28, 'fps=15'),
  h264('like a screen recording: 0.9×, blurred, CRF 30', 30, `${scaled(0.9)},gblur=sigma=0.8`),
  h264('like a messenger: 848 wide, baseline, CRF 30', 30, 'scale=848:-2', '-profile:v', 'baseline'),
  { ...h264('cropped to 80 %, half the size and CRF 30', 30, `crop=iw*0.8:ih*0.8,${scaled(0.5)}`), isBeyond: true },
  h264('brighter, more contrast, CRF 28', 28, 'eq=brightness=0.06:contrast=1.2'),
  { name: 'VP9, CRF 40', options: '-c:v libvpx-vp9 -crf 40 -b:v 0 -cpu-used 5'.split(' '), extension: 'webm' },
  still('one frame as PNG', 'png', 'null'),
  still('one frame of half the size as JPEG', 'jpg', scaled(0.5)),
];

/** Makes the file that arrives. */
export async function applyAttack({ options }: Attack, from: string, to: string): Promise<void> {
  await runTool('ffmpeg', ['-v', 'error', '-y', '-i', from, '-an', ...(options ?? []), to]);
}
