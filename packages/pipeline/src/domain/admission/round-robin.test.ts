import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FIRST_TURN, roundRobinOrder } from './round-robin.ts';
import type { Turn, Waiting } from './round-robin.ts';

const videos = (owner: string, count: number, cost = 1): Waiting[] =>
  Array.from({ length: count }, (_, i) => ({ owner, videoId: `${owner}${i}`, cost }));
const order = (waiting: Waiting[], turn: Turn = FIRST_TURN) =>
  [...roundRobinOrder(waiting, turn)].map(({ video }) => video.videoId);

test('owners take turns, each with its oldest video', () => {
  expect(order([...videos('a', 3), ...videos('b', 1), ...videos('c', 2)])).toEqual([
    'a0',
    'b0',
    'c0',
    'a1',
    'c1',
    'a2',
  ]);
});

test('a new owner waits for one turn of the others, not for all their videos', () => {
  const [first] = roundRobinOrder(videos('flood', 100), FIRST_TURN);
  const rest = videos('flood', 100).slice(1);
  expect(order([...rest, ...videos('other', 1)], first!.turn).indexOf('other0')).toBe(0);
  expect(order([...rest, ...videos('aaa', 1)], first!.turn).indexOf('aaa0')).toBe(0);
});

test('expensive videos get the same share of the machine as cheap ones', () => {
  const first = order([...videos('cheap', 40, 1), ...videos('expensive', 10, 4)]).slice(0, 20);
  const spent = (owner: string, cost: number) => first.filter((id) => id.startsWith(owner)).length * cost;
  expect(Math.abs(spent('cheap', 1) - spent('expensive', 4))).toBeLessThanOrEqual(4);
});

const queue = fc
  .array(
    fc.record({ owner: fc.constantFrom('a', 'b', 'c', 'd'), cost: fc.double({ min: 0.01, max: 8, noNaN: true }) }),
    {
      maxLength: 40,
    },
  )
  .map((all) => all.map((each, i): Waiting => ({ ...each, videoId: String(i) })));

test('every video is admitted once, in the order of its owner, whatever it costs', () => {
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

test('admitting one video at a time keeps the announced order', () => {
  fc.assert(
    fc.property(queue, (waiting) => {
      const announced = order(waiting);
      let turn = FIRST_TURN;
      let left = waiting;
      const kept: string[] = [];
      for (;;) {
        const [next] = roundRobinOrder(left, turn);
        if (!next) break;
        kept.push(next.video.videoId);
        turn = next.turn;
        left = left.filter((other) => other !== next.video);
      }
      expect(kept).toEqual(announced);
    }),
  );
});
