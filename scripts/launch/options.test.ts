import { expect, test } from 'vitest';
import { parseOptions, USAGE } from './options.ts';

const parse = (...args: string[]) => parseOptions(args, '/project', '/home/ana');

test('defaults', () => {
  expect(parse()).toEqual({ port: 8080, lan: false, model: '/project/models/nano', data: '/project/.data' });
});

test('paths start where the user called from', () => {
  expect(parse('--lan', '--port', '3000', '--model', 'svd-xt', '--data', '/var/videos')).toEqual({
    port: 3000,
    lan: true,
    model: '/home/ana/svd-xt',
    data: '/var/videos',
  });
});

test('usage', () => {
  expect(parse('-h')).toBeNull();
  expect(USAGE).toContain('--model');
});

test.each([
  [['--port', '0'], '--port takes a number from 1 to 65535, not “0”.'],
  [['--port', '80a'], 'not “80a”'],
  [['--port', '70000'], 'not “70000”'],
  [['--por', '1'], '--por'],
  [['photo.jpg'], 'photo.jpg'],
])('%j is refused', (args, message) => {
  expect(() => parse(...args)).toThrow(message);
});
