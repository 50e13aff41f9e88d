import { isMessage } from '@bufbuild/protobuf';
import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import { checkMessage } from '@cinematica/protocol';
import { CreateVideoRequestSchema } from '@cinematica/protocol/v1';
import { checkUpload } from '../photo/check-upload.ts';
import { PHOTO_LIMITS } from '../photo/photo-limits.ts';

/**
 * Checks a request against the rules in its proto.
 * @throws PhotoError for an upload that is not a photo; RpcError INVALID_ARGUMENT that names each field.
 */
export function checkRequest<D extends DescMessage>(desc: D, message: MessageShape<D>): void {
  // An upload that is not a photo is reported first, whatever other errors the request has.
  if (isMessage(message, CreateVideoRequestSchema) && message.source.case === 'image') {
    checkUpload(message.source.value, PHOTO_LIMITS);
  }
  checkMessage(desc, message);
}
