import { CheckpointError } from '../checkpoint/checkpoint-error.ts';
import type { TensorEntry, Weights } from '../safetensors/weights.ts';

const format = (shape: readonly number[]) => `[${shape.join(', ')}]`;

/**
 * A place in a checkpoint's tree of names, such as `down_blocks.0.resnets.1`. Whoever asks for a tensor says what shape
 * it must have; what nobody asked for is surplus.
 */
export class Scope {
  readonly path: string;
  readonly #weights: Weights;
  readonly #used: Set<string>;

  private constructor(weights: Weights, path: string, used: Set<string>) {
    this.#weights = weights;
    this.path = path;
    this.#used = used;
  }

  /** The root of a component's weights. */
  static root(weights: Weights): Scope {
    return new Scope(weights, '', new Set());
  }

  /** The folder that the weights' files lie in. */
  get folder(): string {
    return this.#weights.folder;
  }

  /** A place below this one: `sub('resnets', 0)` is `resnets.0`. */
  sub(...names: readonly (string | number)[]): Scope {
    return new Scope(this.#weights, this.#name(names.join('.')), this.#used);
  }

  /**
   * The tensor of this name below this place.
   * @throws CheckpointError where it is missing or has another shape.
   */
  tensor(name: string, shape: readonly number[]): TensorEntry {
    const full = this.#name(name);
    const entry = this.#weights.tensors.get(full);
    if (!entry) {
      throw new CheckpointError(`${this.folder}: tensor "${full}" of shape ${format(shape)} is missing`);
    }
    if (entry.shape.length !== shape.length || entry.shape.some((size, i) => size !== shape[i])) {
      throw new CheckpointError(
        `${entry.file}: tensor "${full}" has shape ${format(entry.shape)}, but the config asks for ${format(shape)}`,
      );
    }
    this.#used.add(full);
    return entry;
  }

  /** Declares tensors that belong to the checkpoint but have no influence on the result: shapes are checked, nothing is loaded. */
  dead(shapes: Readonly<Record<string, readonly number[]>>): void {
    for (const [name, shape] of Object.entries(shapes)) this.tensor(name, shape);
  }

  /** Declares that whatever lies below this name is stored by diffusers' class but never run. */
  ignore(name: string): void {
    const prefix = `${this.#name(name)}.`;
    for (const full of this.#weights.tensors.keys()) if (full.startsWith(prefix)) this.#used.add(full);
  }

  /**
   * Call it on the root once everything was asked for.
   * @throws CheckpointError where the checkpoint holds tensors that nothing asked for, naming the first few.
   */
  assertNothingLeft(allowed: (name: string) => boolean = () => false): void {
    const left = [...this.#weights.tensors.keys()].filter((name) => !this.#used.has(name) && !allowed(name));
    if (!left.length) return;
    const named = left.slice(0, 5).map((name) => `"${name}" ${format(this.#weights.tensors.get(name)?.shape ?? [])}`);
    const more = left.length > named.length ? ` and ${left.length - named.length} more` : '';
    throw new CheckpointError(`${this.folder}: the config has no place for tensor ${named.join(', ')}${more}`);
  }

  #name(name: string): string {
    return this.path ? `${this.path}.${name}` : name;
  }
}
