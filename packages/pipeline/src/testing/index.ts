/** What benches and the tests of services need: a pipeline whose stages compute almost nothing, and one in memory. */
export { queueWebhooks } from '../domain/housekeeping/queue-webhooks.ts';
export { startFleet } from './fleet.ts';
export type { Fleet, FleetOptions } from './fleet.ts';
export { killedAtCall } from './memory/kill.ts';
export { createMemoryPipeline } from './memory/pipeline.ts';
export type { MemoryPipeline } from './memory/pipeline.ts';
export { DEADLY_SEED, expectedSum, KILLED_ONCE_SEED } from './sum-stages.ts';
export { openTestSystem, TEST_MODEL, testSettings } from './system.ts';
export type { TestSystem } from './system.ts';
