/** Photos, without the model: what a process needs that only crops and resizes them. */
export { cropToAspect, resizeImage } from './fit-image.ts';
export type { Focus, Size } from './fit-image.ts';
export { ImageError } from './image-error.ts';
export type { RgbImage } from './image.ts';
export { loadImage, readImageFile } from './load-image.ts';
