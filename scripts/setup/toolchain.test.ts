import { describe, expect, test } from 'vitest';
import { pinsFor } from './pins.mjs';
import { runsTypeScript } from './toolchain.mjs';
import { atLeast } from './version.mjs';

test.each([
  ['24.11.0', '24.11.0', true],
  ['24.9.9', '24.11.0', false],
  ['24.100.0', '24.11.0', true],
  ['26.0.0', '24.11.0', true],
  ['20.20.2', '24.11.0', false],
  ['24.11.0-rc.1', '24.11.0', true],
  ['24.10.99', '24.11.0', false],
])('atLeast(%s, %s) is %s', (version, oldest, expected) => {
  expect(atLeast(version, oldest)).toBe(expected);
});

test('a new Node that was built without TypeScript is not used', () => {
  expect(runsTypeScript('24.21.0', 'strip')).toBe(true);
  expect(runsTypeScript('24.21.0', false)).toBe(false);
  expect(runsTypeScript('20.20.2', undefined)).toBe(false);
});

describe('pinsFor', () => {
  test.each([
    ['linux', 'x64'],
    ['linux', 'arm64'],
    ['darwin', 'arm64'],
  ])('%s %s: a Node that runs the project, and whole SHA-512 digests', (platform, arch) => {
    const { node, pnpm } = pinsFor(platform, arch);
    expect(runsTypeScript(node.version, 'strip')).toBe(true);
    for (const pin of [node, pnpm]) {
      expect(pin.name).toContain(`${platform}-${arch}`);
      const [algorithm, digest = ''] = pin.integrity.split(/-(.*)/);
      expect(algorithm).toBe('sha512');
      expect(Buffer.from(digest, 'base64')).toHaveLength(64);
    }
  });

  test('an unsupported platform is an error that lists the supported ones', () => {
    expect(() => pinsFor('win32', 'x64')).toThrow('linux-x64, linux-arm64, darwin-arm64; this machine is win32-x64.');
  });
});
