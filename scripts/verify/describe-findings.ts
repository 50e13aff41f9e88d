import type { MediaFindings } from '@cinematica/gateway/media-verifier';

/** What is known about a file, in lines for people. */
export function describeFindings({ kind, mark, declaredGenerated }: MediaFindings): string[] {
  const what = kind === 'video' ? 'video' : 'picture';
  const declared = declaredGenerated
    ? `the metadata say that a trained model made this ${what} (everyone can write that)`
    : 'the metadata do not say that a trained model made it (everyone can remove that)';
  if (!mark) return [`no mark of this installation was found in this ${what}`, declared];
  const score = `${mark.score.toFixed(1)} standard deviations above chance`;
  if (!mark.payload) return [`made here: this ${what} carries a mark that is too faint to be read, ${score}`, declared];
  const { installation, video } = mark.payload;
  const number = video.toString(16).padStart(8, '0');
  return [
    `made here: this ${what} carries the mark of video ${number} of installation ${installation}, ${score}`,
    declared,
  ];
}
