/** Fetches photos that requests name by their address. */
export interface RemoteImages {
  /**
   * Fetches a photo.
   * @param url an `https:` URL from a request. It is not trusted.
   * @param signal ends fetching when the caller leaves.
   * @returns the bytes, at most as many as an upload may have. They are not checked otherwise.
   * @throws RpcError INVALID_ARGUMENT when the address is not allowed or has no photo.
   */
  fetch(url: string, signal: AbortSignal): Promise<Uint8Array>;
}
