/** A noise schedule that can't be made: the message names the setting and says what would do. */
export class SchedulerError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SchedulerError';
  }
}
