/** A gateway's caretaker in a process of its own, for tests that kill it: NATS_URL, SETTINGS (JSON). */
import { randomUUID } from 'node:crypto';
import { runCaretaker } from '../caretaker/caretaker.ts';
import { openRequests } from '../records/requests.ts';
import { pipelineSettingsSchema } from '../settings.ts';
import { openVideoTable } from '../watch/video-table.ts';
import { openTestSystem } from './system.ts';

const { NATS_URL = '', SETTINGS = '{}' } = process.env;
const settings = pipelineSettingsSchema.parse(JSON.parse(SETTINGS));
const system = await openTestSystem(NATS_URL, 'gateway', settings, (line) => process.stdout.write(line));
const table = await openVideoTable(system.records, system.log);
const requests = openRequests(system.records.bucket);
const ended = new AbortController();
process.once('SIGTERM', () => ended.abort());
await runCaretaker({ ...system, requests, table }, randomUUID(), ended.signal);
await table[Symbol.asyncDispose]();
await system.nats.close();
