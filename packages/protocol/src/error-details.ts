/** The details of API errors. This module also runs in browsers. */
export { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from './gen/google/rpc/error_details_pb.ts';
export type { BadRequest, ErrorInfo, RetryInfo } from './gen/google/rpc/error_details_pb.ts';
export type { Status } from './gen/google/rpc/status_pb.ts';

/** The domain of `google.rpc.ErrorInfo` in the errors of this project. */
export const ERROR_DOMAIN = 'cinematica.dev';
