/** The housekeeper in its own process, for tests that kill it. Reads NATS_URL and SETTINGS (JSON) from the environment. */
import { randomUUID } from 'node:crypto';
import { pipelineSettingsSchema } from '../domain/settings.ts';
import { openAdmissionPorts } from '../nats/admission-ports.ts';
import { createHousekeepingPorts } from '../nats/housekeeping-ports.ts';
import { openVideoTable } from '../nats/video-table.ts';
import { runHousekeeper } from '../process/housekeeping/housekeeper.ts';
import { openTestSystem } from './system.ts';

const { NATS_URL = '', SETTINGS = '{}' } = process.env;
const settings = pipelineSettingsSchema.parse(JSON.parse(SETTINGS));
const system = await openTestSystem(NATS_URL, 'gateway', settings, (line) => process.stdout.write(line));
const { nats, log } = system;
const table = await openVideoTable(nats, settings, log);
const ended = new AbortController();
process.once('SIGTERM', () => ended.abort());
const ports = { ...createHousekeepingPorts(nats, settings, log), ...(await openAdmissionPorts(nats, settings)) };
await runHousekeeper({ ...system, ...ports, table }, randomUUID(), ended.signal);
await table[Symbol.asyncDispose]();
await nats.close();
