/** A model, as plans and subjects name it. Two models, or two versions of one, can be served at the same time. */
export interface ModelRef {
  /** Lower-case letters, digits and hyphens. */
  readonly name: string;
  /** The first hexadecimal digits of the SHA-256 of the model's files. */
  readonly digest: string;
}
