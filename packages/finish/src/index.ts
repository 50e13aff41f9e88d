export { finishedFrames, finishFrames } from './finisher.ts';
export type { FinishOptions } from './finisher.ts';
