import { expect, test } from 'vitest';
import { parseOptions, USAGE } from './options.ts';

const parse = (...args: string[]) => parseOptions(args, '/project', '/home/ana');

test('defaults', () => {
  const folders = { model: '/project/models/nano', data: '/project/.data' };
  expect(parse()).toEqual({ port: 8080, lan: false, observe: false, ...folders });
});

test('paths start where the user called from', () => {
  expect(parse('--lan', '--observe', '--port', '3000', '--model', 'svd-xt', '--data', '/var/videos')).toEqual({
    port: 3000,
    lan: true,
    observe: true,
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
  [['--port', '65533', '--observe'], 'from 1 to 65532, not “65533”'],
  [['--por', '1'], '--por'],
  [['photo.jpg'], 'photo.jpg'],
])('%j is refused', (args, message) => {
  expect(() => parse(...args)).toThrow(message);
});
