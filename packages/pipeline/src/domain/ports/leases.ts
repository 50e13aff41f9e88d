/** Leases by which one process of many gets a role. */
export interface Leases {
  /**
   * Takes or renews a lease.
   * @param holder unique for each process.
   * @param duration milliseconds; 0 gives the lease up.
   * @returns whether this holder has the lease now.
   * @throws UnavailableError
   */
  take(role: string, holder: string, duration: number): Promise<boolean>;
}
