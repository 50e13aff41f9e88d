import { createHash } from 'node:crypto';

/** What the mark of a video says. */
export interface MarkPayload {
  /** Which of the installations that share a key made the video: 0 to 255. */
  readonly installation: number;
  /** The video's number: {@link videoNumber} of its id. */
  readonly video: number;
}

const INSTALLATION_BITS = 8;
const VIDEO_BITS = 32;
const CHECK_BITS = 16;

/** The number of bits of a message: the payload and a checksum. */
export const MESSAGE_BITS = INSTALLATION_BITS + VIDEO_BITS + CHECK_BITS;

/** The number of a video in its mark: the first 32 bits of the SHA-256 of its id. */
export const videoNumber = (videoId: string): number => createHash('sha256').update(videoId).digest().readUInt32BE(0);

/** @throws RangeError when a number does not fit. */
export function payloadBits({ installation, video }: MarkPayload): Uint8Array {
  const bits = [...toBits(installation, INSTALLATION_BITS), ...toBits(video, VIDEO_BITS)];
  return Uint8Array.from([...bits, ...toBits(checksum(bits), CHECK_BITS)]);
}

/** The payload, or null when the checksum is not the one of the other bits. */
export function readPayload(message: Uint8Array): MarkPayload | null {
  const bits = [...message.subarray(0, INSTALLATION_BITS + VIDEO_BITS)];
  if (toNumber([...message.subarray(bits.length)]) !== checksum(bits)) return null;
  return { installation: toNumber(bits.slice(0, INSTALLATION_BITS)), video: toNumber(bits.slice(INSTALLATION_BITS)) };
}

function toBits(value: number, count: number): number[] {
  if (!(Number.isInteger(value) && value >= 0 && value < 2 ** count)) {
    throw new RangeError(`${value} does not fit into ${count} bits`);
  }
  return Array.from({ length: count }, (_, i) => Math.floor(value / 2 ** (count - 1 - i)) % 2);
}

const toNumber = (bits: readonly number[]): number => bits.reduce((value, bit) => 2 * value + bit, 0);

/** CRC-16/CCITT-FALSE (polynomial 0x1021, initial value 0xffff), bit by bit. */
function checksum(bits: readonly number[]): number {
  return bits.reduce((crc, bit) => {
    const shifted = (crc << 1) & 0xffff;
    return ((crc >> 15) ^ bit) & 1 ? shifted ^ 0x1021 : shifted;
  }, 0xffff);
}
