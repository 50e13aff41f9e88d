import { interpolate, linspace } from './interpolate.ts';

/** Found for SVD, for ten steps from 700 to 0.002 (arXiv 2404.14507). */
const LEVELS = [700, 54.5, 15.886, 7.977, 4.248, 1.789, 0.981, 0.403, 0.173, 0.034, 0.002];

/**
 * The *Align Your Steps* noise levels for SVD: as published for ten steps, else interpolated between them log-linearly;
 * the last is 0.
 *
 * @returns `steps + 1` levels, descending
 */
export function alignYourSteps(steps: number): number[] {
  const logs = LEVELS.map(Math.log);
  const places = linspace(0, LEVELS.length - 1, steps + 1).slice(0, -1);
  const levels = places.map((place) => (Number.isInteger(place) ? LEVELS[place]! : Math.exp(interpolate(logs, place))));
  return [...levels, 0];
}
