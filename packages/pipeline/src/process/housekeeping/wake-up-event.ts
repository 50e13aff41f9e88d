/** Wakes a loop that sleeps between two rounds. An event that is set while nobody waits ends the next wait. */
export interface WakeUpEvent {
  readonly set: () => void;
  /** Resolves once the event is set, or after so many milliseconds. Resets the event. */
  readonly wait: (milliseconds: number) => Promise<void>;
}

export function createWakeUpEvent(): WakeUpEvent {
  let isSet = false;
  let wake: () => void = () => undefined;
  return {
    set() {
      isSet = true;
      wake();
    },
    async wait(milliseconds) {
      if (!isSet) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, milliseconds);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      isSet = false;
    },
  };
}
