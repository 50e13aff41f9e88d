import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FIRST_TURN, inTurn } from './round-robin.ts';
import type { Turn, Waiting } from './round-robin.ts';

const videos = (owner: string, count: number, cost = 1): Waiting[] =>
  Array.from({ length: count }, (_, i) => ({ owner, videoId: `${owner}${i}`, cost }));
const order = (waiting: Waiting[], turn: Turn = FIRST_TURN) =>
  [...inTurn(waiting, turn)].map(({ video }) => video.videoId);

test('callers take turns, each with its oldest', () => {
  expect(order([...videos('a', 3), ...videos('b', 1), ...videos('c', 2)])).toEqual([
    'a0',
    'b0',
    'c0',
    'a1',
    'c1',
    'a2',
  ]);
});

test('someone new waits for one turn of the others, not for a flood', () => {
  const [first] = inTurn(videos('flood', 100), FIRST_TURN);
  const rest = videos('flood', 100).slice(1);
  expect(order([...rest, ...videos('other', 1)], first!.turn).indexOf('other0')).toBe(0);
  expect(order([...rest, ...videos('aaa', 1)], first!.turn).indexOf('aaa0')).toBe(0);
});

test('dear videos get no more of the machine than cheap ones', () => {
  const first = order([...videos('cheap', 40, 1), ...videos('dear', 10, 4)]).slice(0, 20);
  const spent = (owner: string, cost: number) => first.filter((id) => id.startsWith(owner)).length * cost;
  expect(Math.abs(spent('cheap', 1) - spent('dear', 4))).toBeLessThanOrEqual(4);
});

const queue = fc
  .array(
    fc.record({ owner: fc.constantFrom('a', 'b', 'c', 'd'), cost: fc.double({ min: 0.01, max: 8, noNaN: true }) }),
    {
      maxLength: 40,
    },
  )
  .map((all) => all.map((each, i): Waiting => ({ ...each, videoId: String(i) })));

test('everyone is let in once, each caller in its own order, whatever it costs', () => {
  fc.assert(
    fc.property(queue, (waiting) => {
      const ids = order(waiting);
      expect(ids.map(Number).sort((x, y) => x - y)).toEqual(waiting.map((_, i) => i));
      for (const owner of 'abcd') {
        const own = ids.filter((id) => waiting[Number(id)]!.owner === owner).map(Number);
        expect(own).toEqual([...own].sort((x, y) => x - y));
      }
    }),
  );
});

test('a dispatcher that takes one at a time keeps to the order that was promised', () => {
  fc.assert(
    fc.property(queue, (waiting) => {
      const promised = order(waiting);
      let turn = FIRST_TURN;
      let left = waiting;
      const kept: string[] = [];
      for (;;) {
        const [next] = inTurn(left, turn);
        if (!next) break;
        kept.push(next.video.videoId);
        turn = next.turn;
        left = left.filter((other) => other !== next.video);
      }
      expect(kept).toEqual(promised);
    }),
  );
});
