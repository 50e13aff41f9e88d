import { expect, test } from 'vitest';
import { explainStatus } from './explain-status.ts';

test('the answer to HEAD has no body', () => {
  expect(explainStatus({ status: 405 }, 'HEAD')).toEqual({ status: 405 });
  expect(explainStatus({ status: 405 }, 'GET').body).toBeDefined();
});
