/** Tells which installation this is. */
export interface Installation {
  /**
   * The id that the provisioner has written into NATS. It is in no backup: whoever has lost NATS, or restores a backup beside
   * the installation that it is from, has another id.
   * @throws UnavailableError when NATS does not answer, or has no id yet.
   */
  id(): Promise<string>;
}
