import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { m } from './index.ts';

const MESSAGES = new URL('../../../messages/', import.meta.url);
const of = (count: number) => ({ count, time: `${count} min` });

test('a message follows the number in it, by the rules of its language', () => {
  const texts = (['es', 'pt', 'en'] as const).map((locale) => [
    m.video_remaining(of(1), { locale }),
    m.video_remaining(of(1.5), { locale }),
    m.video_queue_position(of(1), { locale }),
    m.video_queue_position(of(2), { locale }),
  ]);
  expect(texts).toEqual([
    ['Queda cerca de 1 min', 'Quedan cerca de 1.5 min', '1 vídeo antes que el tuyo', '2 vídeos antes que el tuyo'],
    // In Portuguese, everything below 2 is singular.
    ['Falta cerca de 1 min', 'Falta cerca de 1.5 min', '1 vídeo antes do seu', '2 vídeos antes do seu'],
    ['About 1 min left', 'About 1.5 min left', '1 video before yours', '2 videos before yours'],
  ]);
});

test('every text with a count is a message with plural forms, in every language', async () => {
  const fixed: string[] = [];
  for (const name of (await readdir(MESSAGES, { recursive: true })).filter((file) => file.endsWith('.json'))) {
    const messages = JSON.parse(await readFile(new URL(name, MESSAGES), 'utf8')) as Record<string, unknown>;
    for (const [key, text] of Object.entries(messages)) {
      if (typeof text === 'string' && text.includes('{count}')) fixed.push(`${name} ${key}`);
    }
  }
  expect(fixed).toEqual([]);
});
