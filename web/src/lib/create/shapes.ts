import type { Model } from '@cinematica/protocol/v1';
import { chooseSize } from '@cinematica/settings/choose-size';
import type { Size } from './crop.ts';

/** The video's shape: `auto` for the photo's own, or an aspect ratio such as `16:9`. */
export type Shape = 'auto' | `${number}:${number}`;

/** Common aspect ratios, which are offered for every model. */
const COMMON_SHAPES: readonly Shape[] = ['9:16', '3:4', '4:5', '1:1', '5:4', '4:3', '16:9'];

/** The aspect ratio of a shape; undefined for `auto` and for text that is not an aspect ratio of at most 8:1. */
export function aspectOf(shape: string): Size | undefined {
  const match = /^([1-9]\d{0,3}):([1-9]\d{0,3})$/.exec(shape);
  if (!match) return undefined;
  const [width, height] = [Number(match[1]), Number(match[2])];
  return width <= 8 * height && height <= 8 * width ? { width, height } : undefined;
}

/** The video's size in pixels, by the same rule as in the gateway. */
export function videoSize(shape: Shape, photo: Size, model: Model): Size {
  const [first, ...rest] = model.sizes;
  if (!first) throw new RangeError(`the gateway reported no sizes for ${model.name}`);
  return chooseSize(shape, photo, { sizes: [first, ...rest], multiple: model.sizeMultiple });
}

/** The shape of a video of this size; `auto` if the photo's own shape leads to the same aspect ratio. */
export function shapeForSize(size: Size | undefined, photo: Size, model: Model): Shape {
  if (!size || isSimilar(size, videoSize('auto', photo, model))) return 'auto';
  return COMMON_SHAPES.find((shape) => isSimilar(size, aspectOf(shape))) ?? toShape(size);
}

/** The shapes to choose from, from narrow to wide, without similar ones. */
export function shapesFor(model: Model): Shape[] {
  const sizes = COMMON_SHAPES.map(aspectOf).filter((size) => size !== undefined);
  for (const { width, height } of model.sizes) {
    for (const size of [
      { width, height },
      { width: height, height: width },
    ]) {
      if (!sizes.some((other) => isSimilar(size, other))) sizes.push(size);
    }
  }
  return ['auto', ...sizes.sort((a, b) => aspectRatio(a) - aspectRatio(b)).map(toShape)];
}

const aspectRatio = ({ width, height }: Size): number => width / height;

/** Whether two aspect ratios differ by less than 4 %, which is hard to see. */
const isSimilar = (a: Size, b: Size | undefined): boolean =>
  !!b && Math.abs(Math.log(aspectRatio(a) / aspectRatio(b))) < 0.04;

/** The aspect ratio in lowest terms. */
function toShape({ width, height }: Size): Shape {
  let [divisor, rest] = [width, height];
  while (rest !== 0) [divisor, rest] = [rest, divisor % rest];
  return `${width / divisor}:${height / divisor}`;
}
