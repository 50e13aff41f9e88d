/** A checkpoint whose files, configs or tensors cannot be used. The message names the file and the reason in one line. */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError';
}
