/** A noise schedule cannot be created. The message names the setting and its valid values. */
export class SchedulerError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SchedulerError';
  }
}
