/** ONNX Runtime cannot use the NVIDIA GPU. The message is one line that says what to do. */
export class GpuError extends Error {
  override readonly name = 'GpuError';
}
