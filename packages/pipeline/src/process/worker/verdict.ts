/** What happens to a task message after the task has been handled. */
export type Verdict =
  /** It is removed from the queue. */
  | { readonly kind: 'ack' }
  /** It is delivered again after so many milliseconds. */
  | { readonly kind: 'nak'; readonly delay: number }
  /** It is left alone, because another worker may have it: an acknowledgement would take it away from that worker. */
  | { readonly kind: 'abandon' };

export const ACK: Verdict = { kind: 'ack' };
export const ABANDON: Verdict = { kind: 'abandon' };
export const nak = (delay: number): Verdict => ({ kind: 'nak', delay });
