interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * The size of pictures that have this size once a margin has been cut off at each border.
 *
 * @param margin in parts of the larger width and height.
 */
export function beforeCut({ width, height }: Size, margin: number): Size {
  const enlarged = (side: number): number => side + 2 * Math.round((side * margin) / (1 - 2 * margin));
  return { width: enlarged(width), height: enlarged(height) };
}

/** The centre of a picture, in RGB with 8 bits. @returns the picture itself when it has the wanted size. */
export function cutCentre(picture: Uint8Array, size: Size, wanted: Size): Uint8Array {
  if (size.width === wanted.width && size.height === wanted.height) return picture;
  const left = (size.width - wanted.width) >> 1;
  const top = (size.height - wanted.height) >> 1;
  const stride = 3 * wanted.width;
  const centre = new Uint8Array(stride * wanted.height);
  for (let y = 0; y < wanted.height; y++) {
    const from = 3 * ((top + y) * size.width + left);
    centre.set(picture.subarray(from, from + stride), y * stride);
  }
  return centre;
}
