/** Wakes one that waits; a ring while nobody does is kept for the next. */
export interface Bell {
  readonly ring: () => void;
  /** Resolves with a ring, or after so many milliseconds. */
  readonly wait: (milliseconds: number) => Promise<void>;
}

export function createBell(): Bell {
  let rung = false;
  let wake: () => void = () => undefined;
  return {
    ring() {
      rung = true;
      wake();
    },
    async wait(milliseconds) {
      if (!rung) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, milliseconds);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      rung = false;
    },
  };
}
