import { CheckpointError } from '../checkpoint/checkpoint-error.ts';
import type { TensorEntry, Weights } from '../safetensors/weights.ts';

const format = (shape: readonly number[]) => `[${shape.join(', ')}]`;

/**
 * A prefix of tensor names in a checkpoint, such as `down_blocks.0.resnets.1`. Each access to a tensor states its expected
 * shape. All scopes of one root record which tensors were used, so that unexpected tensors can be found.
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

  /** Creates the root of a component's weights. */
  static root(weights: Weights): Scope {
    return new Scope(weights, '', new Set());
  }

  /** The folder of the weights' files. */
  get folder(): string {
    return this.#weights.folder;
  }

  /** Returns a scope below this one: `sub('resnets', 0)` is `resnets.0`. */
  sub(...names: readonly (string | number)[]): Scope {
    return new Scope(this.#weights, this.#name(names.join('.')), this.#used);
  }

  /**
   * Returns the tensor with this name in the scope, and marks it as used.
   * @throws CheckpointError when it is missing or has another shape
   */
  tensor(name: string, shape: readonly number[]): TensorEntry {
    const full = this.#name(name);
    const entry = this.#weights.tensors.get(full);
    if (!entry) {
      throw new CheckpointError(`${this.folder}: tensor "${full}" of shape ${format(shape)} is missing`);
    }
    if (entry.shape.length !== shape.length || entry.shape.some((size, i) => size !== shape[i])) {
      throw new CheckpointError(
        `${entry.file}: tensor "${full}" has shape ${format(entry.shape)}, but the config requires ${format(shape)}`,
      );
    }
    this.#used.add(full);
    return entry;
  }

  /** Marks tensors as used that have no effect on the result. Their shapes are checked, but they are not loaded. */
  markUnused(shapes: Readonly<Record<string, readonly number[]>>): void {
    for (const [name, shape] of Object.entries(shapes)) this.tensor(name, shape);
  }

  /** Marks all tensors below a name as used: diffusers' class stores them, but never uses them. */
  ignore(name: string): void {
    const prefix = `${this.#name(name)}.`;
    for (const full of this.#weights.tensors.keys()) if (full.startsWith(prefix)) this.#used.add(full);
  }

  /**
   * Checks that every tensor of the component was used. Call it after all graphs are built.
   * @param allowed accepts the names of tensors that may be unused
   * @throws CheckpointError that names the first unexpected tensors
   */
  assertAllUsed(allowed: (name: string) => boolean = () => false): void {
    const unused = [...this.#weights.tensors.keys()].filter((name) => !this.#used.has(name) && !allowed(name));
    if (!unused.length) return;
    const named = unused.slice(0, 5).map((name) => `"${name}" ${format(this.#weights.tensors.get(name)?.shape ?? [])}`);
    const more = unused.length > named.length ? ` and ${unused.length - named.length} more` : '';
    throw new CheckpointError(
      `${this.folder}: unexpected tensor ${named.join(', ')}${more}; the config has no such layer`,
    );
  }

  #name(name: string): string {
    return this.path ? `${this.path}.${name}` : name;
  }
}
