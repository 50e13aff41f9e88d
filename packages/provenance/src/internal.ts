/** What the bench needs beyond the public interface. */
export { READ_SCORE, SEEN_SCORE } from './mark/detect.ts';
export { designMark } from './mark/design.ts';
export { findSync } from './mark/find-sync.ts';
export { createResidual } from './mark/residual.ts';
export { computeSpectrum } from './mark/spectrum.ts';
