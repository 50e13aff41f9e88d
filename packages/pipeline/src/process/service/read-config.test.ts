import { expect, test } from 'vitest';
import { readConfig } from './read-config.ts';
import { stageConfigSchema } from './stage-config.ts';

const good = { NATS_URL: 'nats://a', GRPC_PORT: '1', METRICS_PORT: '2', STAGE_TOKEN: 'x'.repeat(32) };

test('reads every setting, with defaults for those that are not set or empty', () => {
  const config = readConfig(stageConfigSchema, { ...good, LOG_LEVEL: '', ACK_WAIT_MS: '1500' });
  expect(config).toMatchObject({ GRPC_PORT: 1, GRPC_HOST: '127.0.0.1', LOG_LEVEL: 'info', ACK_WAIT_MS: 1500 });
  const two = readConfig(stageConfigSchema, { ...good, STAGE_TOKEN: `${'x'.repeat(32)},${'y'.repeat(32)}` });
  expect(two.STAGE_TOKEN).toHaveLength(2);
});

test('names every wrong or missing setting in one line', () => {
  const read = () =>
    readConfig(stageConfigSchema, { ...good, NATS_URL: '', GRPC_PORT: 'x', ACK_WAIT_MS: '-1', STAGE_TOKEN: 'secret' });
  expect(read).toThrow(/^[^\n]*$/);
  for (const name of [/NATS_URL is not set/, /GRPC_PORT: /, /ACK_WAIT_MS: /, /STAGE_TOKEN: .*32/]) {
    expect(read).toThrow(name);
  }
  // The value is not repeated, because it may be a secret.
  expect(read).not.toThrow('"secret"');
});
