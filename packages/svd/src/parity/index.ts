export { comparisonTable } from './compare.ts';
export type { Comparison } from './compare.ts';
export { openGolden } from './golden.ts';
export { compareParts } from './run-parity.ts';
export { table } from './table.ts';
