import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import rootPackage from '../../package.json' with { type: 'json' };
import { callerFolder, findTask, tasks } from './tasks.mjs';

const root = join(import.meta.dirname, '..', '..');

// `exec`: or the shell that npm starts takes a SIGTERM for itself, and the task goes on without a parent.
test('package.json has a script for every task and for two benches, and no other', () => {
  const scripts: Record<string, string> = Object.fromEntries(
    Object.keys(tasks).map((name) => [name, `exec node scripts/bootstrap.mjs ${name}`]),
  );
  for (const bench of ['gpu', 'nano']) scripts[`bench:${bench}`] = `exec node scripts/bootstrap.mjs bench ${bench}`;
  expect(rootPackage.scripts).toEqual(scripts);
});

test('a program gets the user’s arguments and starts in the user’s folder', () => {
  const { commands, runsIn } = findTask('animate');
  expect(runsIn).toBe('caller');
  const [[program, file = '', ...args] = ['']] = commands(['my photo.jpg', '--seed', '7'], root);
  expect([program, ...args]).toEqual(['node', 'my photo.jpg', '--seed', '7']);
  expect(dirname(file)).toBe(join(root, 'scripts'));
});

const programs = [
  'start',
  'animate',
  'doctor',
  'verify',
  'api-key',
  'webhook-secret',
  'build-client',
  'parity',
  'weights',
  'chaos',
];

test.each(programs)('%s names a program that is there', (name) => {
  const file = findTask(name).commands([], root)[0]?.[1];
  expect(file !== undefined && existsSync(file)).toBe(true);
});

test('a bench is found by its name, and a missing or unknown name lists the benches', () => {
  const project = mkdtempSync(join(tmpdir(), 'bench-'));
  try {
    mkdirSync(join(project, 'bench', 'lib'), { recursive: true });
    for (const file of ['steps.ts', 'load.ts', 'load.test.ts']) writeFileSync(join(project, 'bench', file), '');
    const { commands } = findTask('bench');
    expect(commands(['steps', '--tiny'], project)).toEqual([['node', join(project, 'bench', 'steps.ts'), '--tiny']]);
    expect(() => commands([], project)).toThrow(
      'Which bench: use npm run bench -- NAME, where NAME is one of load, steps.',
    );
    expect(() => commands(['../x'], project)).toThrow('No bench “../x”: use npm run bench');
  } finally {
    rmSync(project, { recursive: true });
  }
});

test.each([undefined, 'deploy', 'constructor'])('the task %s is refused with the names there are', (name) => {
  expect(() => findTask(name)).toThrow(Object.keys(tasks).join(', '));
});

test('arguments are not silently dropped', () => {
  expect(() => findTask('format').commands(['a.ts'], root)).toThrow('no arguments, not “a.ts”');
});

test('relative paths start where the user called from', () => {
  expect(callerFolder('/project', '/project', '/home/ana/photos')).toBe('/home/ana/photos');
  expect(callerFolder('/project', '/home/ana', undefined)).toBe('/home/ana');
  // Not npm's doing: a program that npm started elsewhere calls the script.
  expect(callerFolder('/project', '/home/ana', '/elsewhere')).toBe('/home/ana');
});
