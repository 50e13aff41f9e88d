import type { Model } from '@cinematica/protocol/v1';
import { chooseSize } from '@cinematica/svd/choose-size';
import type { Size } from './crop.ts';

/** The video's shape: the photo's own, or an aspect. */
export type Shape = 'auto' | `${number}:${number}`;

/** What people know by name, whatever the model does best. */
const KNOWN: readonly Shape[] = ['9:16', '1:1', '16:9'];

/** The aspect that a shape asks for; undefined where it follows the photo, or is no shape. */
export function aspectOf(shape: string): Size | undefined {
  const match = /^([1-9]\d{0,3}):([1-9]\d{0,3})$/.exec(shape);
  if (!match) return undefined;
  const [width, height] = [Number(match[1]), Number(match[2])];
  return width <= 8 * height && height <= 8 * width ? { width, height } : undefined;
}

/** The pixels of the video that this photo would become: the system's own rule. */
export function videoSize(shape: Shape, photo: Size, model: Model): Size {
  const [first, ...rest] = model.sizes;
  if (!first) throw new RangeError(`the system told no sizes of ${model.name}`);
  return chooseSize(shape, photo, { sizes: [first, ...rest], multiple: model.sizeMultiple });
}

/** The shape that gives a video the aspect of this size: the photo's own where it does. */
export function shapeLike(size: Size | undefined, photo: Size, model: Model): Shape {
  if (!size || lookAlike(size, videoSize('auto', photo, model))) return 'auto';
  return KNOWN.find((shape) => lookAlike(size, aspectOf(shape))) ?? shapeOf(size);
}

/** The shapes to choose from, narrow to wide, without two that look the same. */
export function shapesFor(model: Model): Shape[] {
  const sizes = [...KNOWN.map(aspectOf).filter((size) => size !== undefined)];
  for (const { width, height } of model.sizes) {
    for (const size of [
      { width, height },
      { width: height, height: width },
    ]) {
      if (!sizes.some((other) => lookAlike(size, other))) sizes.push(size);
    }
  }
  return ['auto', ...sizes.sort((a, b) => ratio(a) - ratio(b)).map(shapeOf)];
}

const ratio = ({ width, height }: Size): number => width / height;

/** To the eye: within four hundredths. */
const lookAlike = (a: Size, b: Size | undefined): boolean => !!b && Math.abs(Math.log(ratio(a) / ratio(b))) < 0.04;

function shapeOf({ width, height }: Size): Shape {
  let [divisor, rest] = [width, height];
  while (rest !== 0) [divisor, rest] = [rest, divisor % rest];
  return `${width / divisor}:${height / divisor}`;
}
