import { cancelling } from './cancelling.ts';
import { changingShapes } from './changing-shapes.ts';
import { clockJumps } from './clock-jumps.ts';
import { egress } from './egress.ts';
import { fairness } from './fairness.ts';
import { fullDisk } from './full-disk.ts';
import { hostileModels } from './hostile-models.ts';
import { hostileUploads } from './hostile-uploads.ts';
import { interruptedWatches } from './interrupted-watches.ts';
import { killedOutputs } from './killed-outputs.ts';
import { killedStages } from './killed-stages.ts';
import { lostArtifacts } from './lost-artifacts.ts';
import { metadata } from './metadata.ts';
import { mixedAttack } from './mixed-attack.ts';
import { natsPermissions } from './nats-permissions.ts';
import { overhead } from './overhead.ts';
import { overload } from './overload.ts';
import { poison } from './poison.ts';
import { policies } from './policies.ts';
import { powerLoss } from './power-loss.ts';
import { quotas } from './quotas.ts';
import { requestIds } from './request-ids.ts';
import { resuming } from './resuming.ts';
import { soak } from './soak.ts';
import type { Family } from './support/row.ts';
import { watchers } from './watchers.ts';

/** All rows, in the order in which they run. */
export const FAMILIES: readonly Family[] = [
  killedStages,
  requestIds,
  powerLoss,
  poison,
  cancelling,
  resuming,
  fullDisk,
  overload,
  fairness,
  killedOutputs,
  lostArtifacts,
  watchers,
  interruptedWatches,
  overhead,
  soak,
  changingShapes,
  clockJumps,
  hostileUploads,
  metadata,
  natsPermissions,
  egress,
  hostileModels,
  policies,
  quotas,
  mixedAttack,
];
