/** The thread that looks for a mark in one file, so that the gateway can answer other calls meanwhile. */
import { createMarkDetector } from '@cinematica/provenance';
import type { GrayPicture } from '@cinematica/provenance';
import { parentPort, workerData } from 'node:worker_threads';
import { lowerPriorityOfThisThread } from '../give-way.ts';

/** What the thread is started with. */
export interface MarkSearch {
  readonly pictures: readonly GrayPicture[];
  readonly keys: readonly Uint8Array[];
}

lowerPriorityOfThisThread();
const { pictures, keys } = workerData as MarkSearch;
const detector = createMarkDetector(pictures[0]!);
for (const picture of pictures) detector.add(picture);
parentPort?.postMessage(detector.find(keys));
