/** What benches need to run the pipeline with stages that compute almost nothing. */
export { startFleet } from './fleet.ts';
export type { Fleet, FleetOptions } from './fleet.ts';
export { DEADLY_SEED, expectedSum, KILLED_ONCE_SEED } from './sum-stages.ts';
export { openTestSystem, TEST_MODEL, testSettings } from './system.ts';
export type { TestSystem } from './system.ts';
