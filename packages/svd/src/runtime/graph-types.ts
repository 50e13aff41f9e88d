/** An ONNX graph to load. Neither part may change while it is loaded: after a crash it is loaded again from them. */
export interface Graph {
  /** An ONNX `ModelProto`. The locations of its external data are relative to `folder`. */
  readonly bytes: Uint8Array;
  /** The folder of the external data, as a real path; null if the graph has none. It is only read. */
  readonly folder: string | null;
}
