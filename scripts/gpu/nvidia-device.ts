/** An NVIDIA GPU that the driver reports. */
export interface NvidiaDevice {
  readonly uuid: string;
  readonly name: string;
  /** Such as `580.95.05`. */
  readonly driver: string;
  /** Such as `8.9`. Null when the driver is too old to report it. */
  readonly computeCapability: string | null;
  /** Bytes. Null when the GPU shares the memory of the machine. */
  readonly memory: number | null;
  /** The bytes of `memory` that programs use now. */
  readonly memoryUsed: number | null;
}
