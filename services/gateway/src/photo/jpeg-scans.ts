/** The scans of a JPEG file, as far as it goes. */
export interface JpegScans {
  /** Whether there are so many that it is no photo. Then the other values are those of the first ones. */
  readonly areTooMany: boolean;
  readonly isProgressive: boolean;
  /** Whether the file has its end-of-image marker. */
  readonly hasEnd: boolean;
  /** Whether the last scan has begun: each coefficient of each component has had a scan with its last bit. */
  readonly lastHasBegun: boolean;
}

/** Markers (ITU-T T.81, table B.1). */
const START_OF_SCAN = 0xda;
const END_OF_IMAGE = 0xd9;
const PROGRESSIVE_FRAME = 0xc2;
/** Start of frame, without the markers of tables in the same range. */
const isFrame = (marker: number): boolean => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);

/** The most scans of a photo. Encoders write ten, and tools that look for the smallest file up to 64. */
const MAX_SCANS = 200;

/** The coefficients of a block. */
const COEFFICIENTS = 64;

/**
 * Reads the headers of the frame and the scans of a JPEG (ITU-T T.81, annex B). The data of the scans are skipped.
 *
 * @returns null when the file ends before its first scan
 */
export function readScans(bytes: Uint8Array): JpegScans | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const isComplete = new Set<string>();
  let [components, scans, isProgressive, hasEnd] = [0, 0, false, false];
  for (let at = nextMarker(bytes, 2); at + 2 <= bytes.length && scans <= MAX_SCANS;) {
    const marker = bytes[at + 1]!;
    hasEnd = marker === END_OF_IMAGE;
    if (hasEnd || at + 4 > bytes.length) break;
    const end = at + 2 + view.getUint16(at + 2);
    if (end > bytes.length) break;
    if (isFrame(marker)) {
      isProgressive = marker === PROGRESSIVE_FRAME;
      components = bytes[at + 9] ?? 0;
    }
    if (marker === START_OF_SCAN) {
      scans++;
      for (const coefficient of lastBitsOf(bytes.subarray(at + 4, end))) isComplete.add(coefficient);
    }
    at = nextMarker(bytes, end);
  }
  if (scans === 0) return null;
  return {
    areTooMany: scans > MAX_SCANS,
    isProgressive,
    hasEnd,
    lastHasBegun: isComplete.size === components * COEFFICIENTS,
  };
}

/** The coefficients whose last bit is in a scan, as `component/index`. @param header of the scan, without its length */
function lastBitsOf(header: Uint8Array): string[] {
  const count = header[0] ?? 0;
  const [first = 0, last = 0, bits = 0] = header.subarray(1 + 2 * count);
  // The low four bits are the number of bits that a later scan adds.
  if ((bits & 0x0f) !== 0) return [];
  return Array.from({ length: count }, (_, i) => header[1 + 2 * i]).flatMap((component) =>
    Array.from({ length: last - first + 1 }, (_, i) => `${component}/${first + i}`),
  );
}

/** The position of the next marker; the data of a scan before it are skipped. The number of bytes when there is none. */
function nextMarker(bytes: Uint8Array, start: number): number {
  for (let at = bytes.indexOf(0xff, start); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const next = bytes[at + 1];
    // 0 stands for a byte of data, D0 to D7 are restarts within a scan, and FF is filling.
    if (next !== undefined && next !== 0 && next !== 0xff && !(next >= 0xd0 && next <= 0xd7)) return at;
  }
  return bytes.length;
}
