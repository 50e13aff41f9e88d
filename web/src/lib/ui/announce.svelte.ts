import { untrack } from 'svelte';

/** What is read aloud: `polite` when the reader pauses, `assertive` at once. */
export const announced = $state({ polite: '', assertive: '' });

/**
 * Has a screen reader say something that is seen elsewhere on the page.
 *
 * @param urgency `assertive` interrupts: for what went wrong.
 */
export function announce(text: string, urgency: 'polite' | 'assertive' = 'polite'): void {
  // The same words again are a change only if something about them is: a space that nobody hears. What was said before is
  // nothing that an effect which says something depends on.
  const before = untrack(() => announced[urgency]);
  announced[urgency] = before === text ? `${text}\u00a0` : text;
}
