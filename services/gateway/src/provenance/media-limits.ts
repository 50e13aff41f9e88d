/** The limits of a file that is checked, and of reading it. */
export const MEDIA_LIMITS = {
  /** The maximum size of a file. Bytes. */
  maxBytes: 12_000_000,
  /** The most pixels of a picture of a video. */
  maxPixels: 9_500_000,
  /** The maximum side of the pictures that are looked at. Larger ones are made smaller. Pixels. */
  maxSide: 1920,
  /** The most pictures of a video that are looked at. */
  maxPictures: 24,
  /** The time between them in the video. Seconds. */
  everySeconds: 0.2,
  /** The most virtual memory of the process that decodes a video, of which it uses two thirds. KiB. */
  decoderKib: 900_000,
  /** How long reading a file may take. Milliseconds. */
  readTimeoutMs: 20_000,
  /** How long looking for a mark may take. Milliseconds. */
  findTimeoutMs: 30_000,
  /** How long checking content credentials may take, which are under 4 MB. Milliseconds. */
  credentialsTimeoutMs: 10_000,
  /** How long reading a file and looking for its mark may take together. Milliseconds. */
  totalTimeoutMs: 45_000,
  /** How long a file waits while others are checked. Milliseconds. */
  maxWaitMs: 60_000,
  /** The most files that wait while another one is checked. Further ones are refused. */
  maxWaiting: 8,
} as const;
