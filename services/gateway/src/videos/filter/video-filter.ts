import { timestampMs } from '@bufbuild/protobuf/wkt';
import type { VideoRecord } from '@cinematica/pipeline';
import { refuseFields } from '@cinematica/protocol';
import { Video_StateSchema } from '@cinematica/protocol/v1';
import type { Video_State } from '@cinematica/protocol/v1';
import { publicState } from '../public-state.ts';
import { parseFilter } from './parse-filter.ts';
import type { Comparison, Operator } from './parse-filter.ts';
import { FilterError } from './tokenize.ts';

/** Whether a video matches a filter. */
export type VideoFilter = (record: VideoRecord) => boolean;

const LABEL = 'labels.';
const STATE_PREFIX = 'STATE_';
const STATES = Video_StateSchema.values.filter(({ number }) => number !== 0);

/** Date and time with an offset, of RFC 3339. */
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/i;

/**
 * Compiles the `filter` of ListVideos.
 * @throws RpcError INVALID_ARGUMENT that says what is wrong.
 */
export function compileVideoFilter(filter: string): VideoFilter {
  try {
    const tests = parseFilter(filter).map(compile);
    return (record) => tests.every((test) => test(record));
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    throw refuseFields([{ field: 'filter', description: error.message }]);
  }
}

function compile(comparison: Comparison): VideoFilter {
  const { field, operator, value } = comparison;
  if (field === 'state') {
    const state = stateOf(value);
    const test = equality(comparison);
    return (record) => test(publicState(record) === state);
  }
  if (field === 'external_id') {
    const test = equality(comparison);
    return ({ externalId }) => test(externalId === value);
  }
  if (field === 'request_id') {
    const test = equality(comparison);
    // UUIDs are stored in lower case.
    const wanted = value.toLowerCase();
    return ({ requestId }) => test(requestId === wanted);
  }
  if (field === 'create_time') {
    const time = timeOf(value);
    const compare = ordering(comparison);
    return ({ createTime }) => createTime !== undefined && compare(timestampMs(createTime) - time);
  }
  if (field === 'labels') {
    if (operator !== ':') throw new FilterError('labels must be followed by a colon and a key, or by a dot and a key');
    return ({ labels }) => Object.hasOwn(labels, value);
  }
  if (field.startsWith(LABEL) && field.length > LABEL.length) {
    const key = field.slice(LABEL.length);
    if (operator === ':' && value === '*') return ({ labels }) => Object.hasOwn(labels, key);
    const test = equality(comparison);
    return ({ labels }) => test((Object.hasOwn(labels, key) ? labels[key] : '') === value);
  }
  const known = 'state, external_id, request_id, create_time, labels.KEY and labels:KEY';
  throw new FilterError(`there is no field “${field.slice(0, 60)}”; filters can use ${known}`);
}

function equality({ field, operator }: Comparison): (equal: boolean) => boolean {
  if (operator === '=') return (equal) => equal;
  if (operator === '!=') return (equal) => !equal;
  throw new FilterError(`${field} can be compared with = and != only, not with ${operator}`);
}

const ORDERINGS: Readonly<Partial<Record<Operator, (difference: number) => boolean>>> = {
  '=': (difference) => difference === 0,
  '!=': (difference) => difference !== 0,
  '<': (difference) => difference < 0,
  '<=': (difference) => difference <= 0,
  '>': (difference) => difference > 0,
  '>=': (difference) => difference >= 0,
};

function ordering({ field, operator }: Comparison): (difference: number) => boolean {
  const compare = ORDERINGS[operator];
  if (!compare) throw new FilterError(`${field} cannot be compared with ${operator}`);
  return compare;
}

function stateOf(value: string): Video_State {
  const state = STATES.find(({ name }) => name === value || name === `${STATE_PREFIX}${value}`);
  if (state) return state.number as Video_State;
  const names = STATES.map(({ name }) => name.slice(STATE_PREFIX.length)).join(', ');
  throw new FilterError(`state must be one of ${names}, not “${value.slice(0, 60)}”`);
}

/** @returns milliseconds since 1970. */
function timeOf(value: string): number {
  const time = RFC_3339.test(value) ? Date.parse(value) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  throw new FilterError(`create_time must be a time such as "2026-11-28T09:30:00Z", not “${value.slice(0, 60)}”`);
}
