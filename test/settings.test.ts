/** A setting is declared once, in `packages/settings`; other lists of settings agree with it. */
import { PlanSchema } from '@cinematica/pipeline';
import { CARD_DEFAULTS, CARD_SETTING_NAMES, checkSetting, SETTING_NAMES, SETTINGS } from '@cinematica/settings';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');

test('a plan has every setting under its own name', () => {
  const fields = PlanSchema.fields.map(({ localName }) => localName);
  expect(fields).toEqual(expect.arrayContaining([...SETTING_NAMES]));
});

test('the web app offers every setting but the seed, which has a separate control', async () => {
  const source = await readFile(join(root, 'web/src/lib/create/choices.ts'), 'utf8');
  const [, list = ''] = /NUMERIC_SETTINGS = \[(.*?)\]/s.exec(source) ?? [];
  const names = [...list.matchAll(/'(\w+)'/g)].map(([, name]) => name);
  expect(names.sort()).toEqual(SETTING_NAMES.filter((name) => name !== 'seed').sort());
});

test('the default of every setting that model cards have is in its range', () => {
  for (const name of CARD_SETTING_NAMES) expect(checkSetting(name, CARD_DEFAULTS[name]), name).toBeNull();
});

test('parameters of diffusers have their names in the goldens', async () => {
  const params = JSON.parse(await readFile(join(root, 'test/golden/tiny-xt/params.json'), 'utf8')) as object;
  const names = SETTING_NAMES.map((name) => SETTINGS[name].diffusers).filter(
    (name): name is string => name !== null && name !== 'generator',
  );
  expect(Object.keys(params)).toEqual(expect.arrayContaining(names));
});
