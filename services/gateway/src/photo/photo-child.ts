/**
 * The process that decodes uploads, and nothing else: it has no secrets, no environment and no connections, and is
 * killed when it takes too long. Its threads decode; this one stays free to watch over them.
 */
import { Socket } from 'node:net';
import { createFrameReader, writeFrame } from '@cinematica/svd/framing';
import { decodePhoto, restrictDecoders } from './decode-photo.ts';
import { PhotoError } from './photo-error.ts';
import { FRAMES_FD, frameLimits, limitsSchema, replySchema, requestSchema } from './photo-messages.ts';
import type { Answer, Reply } from './photo-messages.ts';
import { damagedError, tooMuchMemoryError } from './photo-refusals.ts';

/** A process for so many photos: what a decoder may leak, or keep of the photo before, does not add up. */
const PHOTOS = 200;

const WATCH_MS = 5;

const die = (): void => void process.kill(process.pid, 'SIGKILL');

const limits = limitsSchema.parse(JSON.parse(process.argv[2] ?? ''));
const frames = new Socket({ fd: FRAMES_FD });
// The parent is gone, or wants no more of this.
frames.on('error', die);
frames.on('close', die);

const send = (reply: Reply, bytes: Uint8Array = new Uint8Array()): void =>
  writeFrame(frames, { message: replySchema.parse(reply), blobs: [bytes] });

restrictDecoders();
const restingMemory = process.memoryUsage.rss();
let taken = 0;

async function answer(bytes: Uint8Array, message: unknown): Promise<void> {
  const { format } = requestSchema.parse(message);
  taken += 1;
  const last = taken >= PHOTOS;
  const watch = setInterval(() => {
    if (process.memoryUsage.rss() - restingMemory <= limits.maxMemory) return;
    clearInterval(watch);
    send(refusal(tooMuchMemoryError(), true));
    frames.end(die);
  }, WATCH_MS);
  try {
    const { jpeg, ...photo } = await decodePhoto(bytes, format, limits);
    if (frames.writable) send({ kind: 'done', last, ...photo }, jpeg);
  } catch (error) {
    if (frames.writable) send(refusal(error, last));
  } finally {
    clearInterval(watch);
  }
}

function refusal(error: unknown, last: boolean): Answer {
  const { reason, message, cause } = error instanceof PhotoError ? error : damagedError(error);
  const said = cause instanceof Error ? cause.message.slice(0, 400) : undefined;
  return { kind: 'refused', last, reason, message, ...(said === undefined ? {} : { cause: said }) } as Answer;
}

frames.on(
  'data',
  createFrameReader<unknown>(({ message, blobs: [bytes = new Uint8Array()] }) => {
    answer(bytes, message).catch(die);
  }, frameLimits(limits.maxBytes)),
);
send({ kind: 'ready', rss: restingMemory });
