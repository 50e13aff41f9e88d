/** What the bench needs beyond the public interface. */
export { computeFlow } from './flow/inverse-search.ts';
export { buildPyramid, resizeFlow } from './flow/pyramid.ts';
export { sampleBicubic } from './image/bicubic.ts';
export { blur } from './image/blur.ts';
export { lumaOf } from './image/plane.ts';
export { resizeLanczos } from './image/resize.ts';
