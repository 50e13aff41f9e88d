/** What a refused call's error carries; runs in browsers, too. */
export { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from './gen/google/rpc/error_details_pb.ts';
export type { BadRequest, ErrorInfo, RetryInfo } from './gen/google/rpc/error_details_pb.ts';

/** The domain of `google.rpc.ErrorInfo` in our errors. */
export const ERROR_DOMAIN = 'cinematica.dev';
