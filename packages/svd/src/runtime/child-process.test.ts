import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { spawnChildProcess } from './child-process.ts';

test.runIf(process.platform === 'linux')('the process that runs ONNX Runtime sends no telemetry', async () => {
  const child = spawnChildProcess({ ORT_DISABLE_TELEMETRY: '0' });
  try {
    const variables = readFileSync(`/proc/${child.pid}/environ`, 'utf8').split('\0');
    expect(variables.filter((line) => line.startsWith('ORT_DISABLE_TELEMETRY='))).toEqual(['ORT_DISABLE_TELEMETRY=1']);
  } finally {
    await child.end(0);
  }
});
