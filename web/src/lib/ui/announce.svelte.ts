import { untrack } from 'svelte';

/** The texts of the live regions, which screen readers read aloud. */
export const announced = $state({ polite: '', assertive: '' });

/**
 * Makes screen readers read a text that is shown elsewhere on the page.
 *
 * @param urgency `polite` waits for a pause; `assertive` interrupts, for errors.
 */
export function announce(text: string, urgency: 'polite' | 'assertive' = 'polite'): void {
  // Screen readers read a live region only when it changes: a no-break space makes a repeated text different. Untracked,
  // because an effect that announces something must not depend on the previous announcement.
  const previous = untrack(() => announced[urgency]);
  announced[urgency] = previous === text ? `${text}\u00a0` : text;
}
