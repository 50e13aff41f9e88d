/** The storage or the queue did not answer in time, so the outcome of the request is unknown. It can be retried later. */
export class UnavailableError extends Error {
  override readonly name: string = 'UnavailableError';
}

/** A storage limit is reached. Retrying succeeds only after something has been deleted. */
export class StorageFullError extends UnavailableError {
  override readonly name = 'StorageFullError';
}
