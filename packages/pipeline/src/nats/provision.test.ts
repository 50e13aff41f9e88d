import { expect, test } from 'vitest';
import { checkServerVersion, ProvisionError } from './provision.ts';

test.each(['2.10.27', '2.10.28', '2.11.0', '2.11.0-RC.1', '2.14.3', '3.0.0'])('accepts nats-server %s', (version) => {
  expect(() => checkServerVersion(version)).not.toThrow();
});

test.each(['2.10.26', '2.10.0', '2.9.99', '1.99.99', ''])('rejects nats-server "%s" as too old', (version) => {
  expect(() => checkServerVersion(version)).toThrow(ProvisionError);
});
