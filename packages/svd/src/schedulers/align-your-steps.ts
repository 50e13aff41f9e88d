import { interpolate, linspace } from './interpolate.ts';

/** The published noise levels for SVD and ten steps (Sabour et al., arXiv 2404.14507; `AysSchedules` in diffusers). */
const LEVELS = [700, 54.5, 15.886, 7.977, 4.248, 1.789, 0.981, 0.403, 0.173, 0.034, 0.002];

/**
 * The *Align Your Steps* noise levels for SVD: the published ones for ten steps, otherwise interpolated log-linearly.
 *
 * @returns `steps + 1` levels, descending; the last is 0
 */
export function alignYourSteps(steps: number): number[] {
  const logs = LEVELS.map(Math.log);
  const places = linspace(0, LEVELS.length - 1, steps + 1).slice(0, -1);
  const levels = places.map((place) => (Number.isInteger(place) ? LEVELS[place]! : Math.exp(interpolate(logs, place))));
  return [...levels, 0];
}
