import { CheckpointError } from '../checkpoint/checkpoint-error.ts';
import type { LoraLayer, TensorEntry, Weights } from '../safetensors/weights.ts';

const format = (shape: readonly number[]) => `[${shape.join(', ')}]`;

/** What the tensors of a layer are called. */
const PARAMETER = /\.(weight|bias|mix_factor)$/;
/** The first component of a name, such as `up_blocks`. */
const partOf = (name: string): string => name.split('.', 1)[0] ?? name;

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

  /** The LoRAs of the layer at this path. */
  get loras(): readonly LoraLayer[] {
    return this.#weights.loras?.get(this.path) ?? [];
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
    const entry = this.#weights.tensors.get(full) ?? this.#weights.create?.(full, shape);
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
   * Checks the tensors that were not used. Call it after all graphs are built. A weight or bias in a part that the model has,
   * such as `up_blocks`, belongs to a layer that the config does not have, so the config is not that of the weights. Any
   * other tensor, such as a counter of the training or an averaged copy, has no influence.
   * @param allowed accepts the names of tensors that are known to be superfluous
   * @returns a warning of one line for the tensors that have no influence, or null
   * @throws CheckpointError that names the first tensors without a layer
   */
  checkUnused(allowed: (name: string) => boolean = () => false): string | null {
    // A LoRA may change a layer that has no effect, such as the query of cross-attention.
    const loras = [...(this.#weights.loras?.keys() ?? [])];
    const unused = [...this.#weights.tensors.keys()].filter(
      (name) => !this.#used.has(name) && !allowed(name) && !loras.some((layer) => name.startsWith(`${layer}.lora_`)),
    );
    const parts = new Set([...this.#used].map(partOf));
    const layers = unused.filter((name) => parts.has(partOf(name)) && PARAMETER.test(name));
    if (layers.length > 0) {
      throw new CheckpointError(
        `${this.folder}: unexpected tensor ${this.#list(layers)}; the config has no such layer`,
      );
    }
    if (unused.length === 0) return null;
    return `${this.folder}: ${this.#list(unused)} ${unused.length === 1 ? 'has' : 'have'} no influence on the videos`;
  }

  #list(names: readonly string[]): string {
    const named = names.slice(0, 5).map((name) => `"${name}" ${format(this.#weights.tensors.get(name)?.shape ?? [])}`);
    return `${named.join(', ')}${names.length > named.length ? ` and ${names.length - named.length} more` : ''}`;
  }

  #name(name: string): string {
    return this.path ? `${this.path}.${name}` : name;
  }
}
