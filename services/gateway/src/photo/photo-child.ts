/**
 * The process that decodes uploads. It has no secrets, no environment variables and no network connections, and is killed
 * when it takes too long. Decoding runs in libuv's thread pool, so that this thread can watch the memory.
 */
import { Socket } from 'node:net';
import { createFrameReader, writeFrame } from '@cinematica/svd/framing';
import { decodePhoto, restrictDecoders } from './decode-photo.ts';
import { PhotoError } from './photo-error.ts';
import { FRAMES_FD, frameLimits, limitsSchema, replySchema, requestSchema } from './photo-messages.ts';
import type { Answer, Reply } from './photo-messages.ts';
import { damagedError, tooMuchMemoryError } from './photo-refusals.ts';

/** The process is replaced after this many photos, so that leaks of a decoder do not accumulate. */
const MAX_PHOTOS = 200;

/** The interval at which the memory is checked. Milliseconds. */
const WATCH_MS = 5;

const die = (): void => void process.kill(process.pid, 'SIGKILL');

const limits = limitsSchema.parse(JSON.parse(process.argv[2] ?? ''));
const frames = new Socket({ fd: FRAMES_FD });
// The parent has ended, or has closed the stream.
frames.on('error', die);
frames.on('close', die);

const send = (reply: Reply, bytes: Uint8Array = new Uint8Array()): void =>
  writeFrame(frames, { message: replySchema.parse(reply), blobs: [bytes] });

restrictDecoders();
const restingMemory = process.memoryUsage.rss();
let received = 0;

async function answer(bytes: Uint8Array, message: unknown): Promise<void> {
  const { format } = requestSchema.parse(message);
  received += 1;
  const last = received >= MAX_PHOTOS;
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
  const details = cause instanceof Error ? cause.message.slice(0, 400) : undefined;
  return { kind: 'refused', last, reason, message, ...(details === undefined ? {} : { cause: details }) } as Answer;
}

frames.on(
  'data',
  createFrameReader<unknown>(({ message, blobs: [bytes = new Uint8Array()] }) => {
    answer(bytes, message).catch(die);
  }, frameLimits(limits.maxBytes)),
);
send({ kind: 'ready', rss: restingMemory });
