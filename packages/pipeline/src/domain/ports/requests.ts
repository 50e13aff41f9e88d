import type { RequestRecord } from '../messages.ts';

/** The request id was used before, for a request with another body. */
export class RequestConflictError extends Error {
  override readonly name = 'RequestConflictError';
}

/** Remembers which video a request created, so that a repeated request does not create another one. */
export interface Requests {
  /**
   * @returns the request as it was first received; null when it is new.
   * @throws RequestConflictError, UnavailableError
   */
  find(owner: string, requestId: string, body: Uint8Array): Promise<RequestRecord | null>;
  /**
   * @param body the whole request, serialised in the same way each time.
   * @returns the request as it was first received, or null when it is new.
   * @throws RequestConflictError, UnavailableError
   */
  find(owner: string, requestId: string, body: Uint8Array): Promise<RequestRecord | null>;
  /**
   * @param body the whole request, serialised in the same way each time.
   * @param videoId the id of the video to create when the request is new.
   * @returns the request as it was first received.
   * @throws RequestConflictError, UnavailableError
   */
  open(owner: string, requestId: string, body: Uint8Array, videoId: string): Promise<RequestRecord>;
  /** Records that the request's video was removed. @throws UnavailableError */
  close(owner: string, requestId: string): Promise<void>;
  /** Removes requests older than `age` milliseconds. @returns how many. @throws UnavailableError */
  forget(age: number): Promise<number>;
}
