import { expect, test } from 'vitest';
import { runDiffusers } from './diffusers.ts';

test('a Python that does not exist is an error of the comparison, not of the whole bench', async () => {
  const times = runDiffusers('/nonexistent/python', 'checkpoint', {}, {});
  await expect(times.next()).rejects.toThrow('ENOENT');
});
