import { expect, test } from 'vitest';
import { logMessage } from './log-line.ts';

test.each([
  ['[14438] 2026/11/23 00:58:29.629272 [FTL] Can’t start JetStream: no room', 'Can’t start JetStream: no room'],
  ['{"time":"2026-11-23T00:00:00Z","level":"info","service":"muxer","message":"ready"}', 'ready'],
  ['{"level":"error","message":"no model","error":"ENOENT"}', 'no model: ENOENT'],
  ['GRPC_PORT must be a number', 'GRPC_PORT must be a number'],
  ['{ half an object', '{ half an object'],
  ['{"level":"error"}', '{"level":"error"}'],
  ['  ', ''],
])('%s', (line, message) => {
  expect(logMessage(line)).toBe(message);
});
