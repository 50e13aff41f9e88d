import { ApiError } from './api-error.ts';
import { OPERATIONS } from './operations.ts';
import type { Operation, OperationId } from './operations.ts';

/** An operation, and the parameters in its path. */
export interface Found {
  readonly id: OperationId;
  readonly params: Readonly<Record<string, string>>;
}

const ROUTES = Object.entries<Operation>(OPERATIONS).map(([id, { method, path }]) => ({
  id: id as OperationId,
  method,
  pattern: new RegExp(`^${path.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}/?$`),
}));

/** Parts of OpenAI's API that this one does not have, and what to use instead. */
const NOT_HERE: readonly (readonly [RegExp, string])[] = [
  [/^\/v1\/videos\/edits\/?$/, 'Videos cannot be edited: POST /v1/videos/{video_id}/remix makes another one.'],
  [/^\/v1\/videos\/characters\b/, 'Characters are not supported.'],
];

/**
 * Finds the operation of a request.
 * @throws ApiError 404 for an unknown address, 405 for another method.
 */
export function findOperation(method: string, pathname: string): Found {
  const missing = NOT_HERE.find(([pattern]) => pattern.test(pathname));
  if (missing) throw new ApiError(404, 'unsupported_operation', missing[1]);
  const routes = ROUTES.flatMap((route) => {
    const match = route.pattern.exec(pathname);
    return match ? [{ ...route, params: decode(match.groups ?? {}) }] : [];
  });
  // A fixed path comes before one with a parameter in the same place.
  const [first] = routes;
  if (!first) {
    const message = `There is no ${method} ${pathname.slice(0, 200)} here: /openapi.json describes what there is.`;
    throw new ApiError(404, 'unknown_url', message);
  }
  const same = routes.filter(({ pattern }) => pattern.source === first.pattern.source);
  // The answer to HEAD is that to GET without its body.
  const found = same.find((route) => route.method === (method === 'HEAD' ? 'GET' : method));
  if (found) return found;
  const allow = same.map((route) => (route.method === 'GET' ? 'GET, HEAD' : route.method)).join(', ');
  throw new ApiError(405, 'method_not_allowed', `${method} is not allowed here, only ${allow}.`, null, { allow });
}

function decode(groups: Readonly<Record<string, string>>): Record<string, string> {
  try {
    return Object.fromEntries(Object.entries(groups).map(([name, value]) => [name, decodeURIComponent(value)]));
  } catch {
    throw new ApiError(400, 'invalid_value', 'The address has a malformed escape.');
  }
}
