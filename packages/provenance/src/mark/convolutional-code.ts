/**
 * A convolutional code of rate 1/4 and constraint length 9, ended with zeros. Its generators have the largest free distance for
 * these parameters, 24 (Larsen, "Short convolutional codes with maximal free distance", IEEE Trans. Inf. Theory 1973).
 */
const GENERATORS = [0o463, 0o535, 0o733, 0o745] as const;
const MEMORY = 8;
const STATES = 1 << MEMORY;

/** The coded bits for each bit of the message, and for each of the zeros at the end. */
export const CODE_RATE = GENERATORS.length;

/** The number of coded bits of a message. */
export const codedLength = (bits: number): number => CODE_RATE * (bits + MEMORY);

/** The coded bits when a register, the newest bit highest, has these bits; the first generator's in the lowest. */
const OUTPUTS = Uint8Array.from({ length: 2 * STATES }, (_, register) =>
  GENERATORS.reduce((coded, generator, i) => coded | (parity(register & generator) << i), 0),
);

function parity(bits: number): number {
  let odd = 0;
  for (let rest = bits; rest > 0; rest &= rest - 1) odd ^= 1;
  return odd;
}

/** @param message bits, 0 or 1. */
export function encodeBits(message: Uint8Array): Uint8Array {
  const coded = new Uint8Array(codedLength(message.length));
  let state = 0;
  for (let step = 0; step < message.length + MEMORY; step++) {
    const register = ((message[step] ?? 0) << MEMORY) | state;
    for (let i = 0; i < CODE_RATE; i++) coded[CODE_RATE * step + i] = (OUTPUTS[register]! >> i) & 1;
    state = register >> 1;
  }
  return coded;
}

/**
 * The most likely message (Viterbi).
 * @param soft for each coded bit how likely it is a 1: above 0 for a 1, below 0 for a 0. Its scale does not matter.
 */
export function decodeBits(soft: Float64Array, bits: number): Uint8Array {
  const steps = bits + MEMORY;
  let metrics = new Float64Array(STATES).fill(-Infinity);
  let next = new Float64Array(STATES);
  metrics[0] = 0;
  const decisions = new Uint8Array(steps * STATES);
  const gains = new Float64Array(1 << CODE_RATE);
  for (let step = 0; step < steps; step++) {
    for (let coded = 0; coded < gains.length; coded++) {
      let gain = 0;
      for (let i = 0; i < CODE_RATE; i++)
        gain += (coded >> i) & 1 ? soft[CODE_RATE * step + i]! : -soft[CODE_RATE * step + i]!;
      gains[coded] = gain;
    }
    // A state is the newest 8 bits. Before it came one of two, which differ in the bit that left the register.
    for (let state = 0; state < STATES; state++) {
      const register = state << 1;
      const zero = metrics[register & (STATES - 1)]! + gains[OUTPUTS[register]!]!;
      const one = metrics[(register | 1) & (STATES - 1)]! + gains[OUTPUTS[register | 1]!]!;
      const left = one > zero ? 1 : 0;
      next[state] = left ? one : zero;
      decisions[step * STATES + state] = left;
    }
    // Only zeros follow the message.
    if (step >= bits) next.fill(-Infinity, STATES / 2);
    [metrics, next] = [next, metrics];
  }
  const message = new Uint8Array(bits);
  for (let step = steps - 1, state = 0; step >= 0; step--) {
    if (step < bits) message[step] = state >> (MEMORY - 1);
    state = ((state << 1) | decisions[step * STATES + state]!) & (STATES - 1);
  }
  return message;
}
