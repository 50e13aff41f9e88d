/** A picture that can't be used. The message names the picture and says in one line what is wrong with it. */
export class ImageError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ImageError';
  }
}
