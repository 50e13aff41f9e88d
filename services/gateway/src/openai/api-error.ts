import type { ErrorAnswer } from './schema/answers.ts';

/** An error that exists only over plain HTTP, such as an unknown address. Other errors are those of every protocol. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;
  /** The field of the request that is wrong; null when it is none. */
  readonly param: string | null;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    message: string,
    param: string | null = null,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.param = param;
    this.headers = headers;
  }
}

/** The type of an error by its status. */
export function errorType(status: number): ErrorAnswer['error']['type'] {
  if (status >= 500) return 'server_error';
  return status === 429 ? 'rate_limit_error' : 'invalid_request_error';
}

/** A field of the request is wrong. */
export const invalidField = (param: string, message: string, code = 'invalid_value'): ApiError =>
  new ApiError(400, code, `${param}: ${message}`, param);
