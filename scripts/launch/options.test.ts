import { expect, test } from 'vitest';
import { parseOptions, USAGE } from './options.ts';

const parse = (...args: string[]) => parseOptions(args, '/project', '/home/ana');

test('defaults', () => {
  const folders = { model: '/project/models/nano', data: '/project/.data' };
  expect(parse()).toEqual({ port: 8080, lan: false, observe: false, otlp: undefined, ...folders });
});

test('paths start where the user called from', () => {
  const flags = ['--lan', '--observe', '--otlp', 'http://localhost:4318', '--port', '3000'];
  expect(parse(...flags, '--model', 'svd-xt', '--data', '/var/videos')).toEqual({
    port: 3000,
    lan: true,
    observe: true,
    otlp: 'http://localhost:4318',
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
  [['--port', '65535', '--observe'], 'from 1 to 65534, not “65535”'],
  [['--otlp', 'localhost:4318'], '--otlp takes a URL such as http://localhost:4318, not “localhost:4318”.'],
  [['--por', '1'], '--por'],
  [['photo.jpg'], 'photo.jpg'],
])('%j is refused', (args, message) => {
  expect(() => parse(...args)).toThrow(message);
});
