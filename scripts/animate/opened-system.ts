/** A system that is ready for calls. */
export interface OpenSystem extends AsyncDisposable {
  readonly url: string;
  /** Whether the system may answer again after it did not. A local system is dead once its launcher has ended. */
  readonly isAlive: () => Promise<boolean>;
  /** The API key. Undefined for calls with a cookie. */
  readonly key: string | undefined;
}
