import { decodeBase64 } from '../http/base64.ts';
import { PHOTO_LIMITS } from '../photo/photo-limits.ts';
import { checkUpload } from '../photo/check-upload.ts';
import { ApiError, invalidField } from './api-error.ts';
import { UploadedFile } from './body/uploaded-file.ts';
import type { CreateParams } from './schema/create-request.ts';

/** The fields of a request that can hold its photo, and the file among them. */
export interface PhotoFields {
  /** The file of a form; null for none. */
  readonly file: UploadedFile | null;
  readonly params: Pick<CreateParams, 'input_reference' | 'image_reference' | 'frame_images'>;
}

/** The photo of a request: its bytes, or a URL that is fetched when the video is prepared. */
export type PhotoSource =
  | { readonly case: 'image'; readonly value: Uint8Array }
  | { readonly case: 'imageUrl'; readonly value: string };

/**
 * Reads the photo of a request: a file, a `data:` URL, or the address of a photo.
 * @throws ApiError when there is no photo, more than one, or a kind that is not supported; PhotoError.
 */
export function readPhoto({ file, params }: PhotoFields): PhotoSource {
  const urls = [
    ...referenceOf('input_reference', params.input_reference),
    ...referenceOf('image_reference', params.image_reference),
    ...(params.frame_images ?? []).map((frame, index) => firstFrame(frame, index)),
  ];
  const [given, ...others] = [...(file === null ? [] : [file]), ...urls];
  if (given === undefined) {
    const message = 'input_reference: send the photo that the video is made from, as a file or as {"image_url": …}.';
    throw new ApiError(400, 'missing_required_parameter', message, 'input_reference');
  }
  if (others.length > 0) throw invalidField('input_reference', 'send one photo, not several.');
  if (given instanceof UploadedFile) {
    checkUpload(given.bytes, PHOTO_LIMITS, given.declaredType);
    return { case: 'image', value: given.bytes };
  }
  const { url, param } = given;
  if (/^data:/i.test(url)) return { case: 'image', value: decodeDataUrl(url, param) };
  if (/^https:\/\//i.test(url)) return { case: 'imageUrl', value: url };
  throw invalidField(param, 'must be a data: URL with a photo in base64, or an https: URL.');
}

interface PhotoUrl {
  readonly url: string;
  /** The name of the field. */
  readonly param: string;
}

function referenceOf(name: string, reference: CreateParams['input_reference']): PhotoUrl[] {
  if (reference === undefined) return [];
  if (typeof reference === 'string') return [{ url: reference, param: name }];
  if (reference.file_id !== undefined) {
    throw invalidField(
      `${name}.file_id`,
      'this server has no files API. Send the photo itself.',
      'unsupported_parameter',
    );
  }
  return reference.image_url === undefined ? [] : [{ url: reference.image_url, param: `${name}.image_url` }];
}

function firstFrame(frame: NonNullable<CreateParams['frame_images']>[number], index: number): PhotoUrl {
  if (frame.frame_type === 'last_frame') {
    const message = 'the models of this server take a first frame only.';
    throw invalidField(`frame_images[${index}].frame_type`, message, 'unsupported_parameter');
  }
  return { url: frame.image_url.url, param: `frame_images[${index}].image_url.url` };
}

/** The bytes in a `data:` URL (RFC 2397). @throws ApiError when it is malformed or is not in base64. */
function decodeDataUrl(url: string, param: string): Uint8Array {
  const comma = url.indexOf(',');
  const head = url.slice(0, comma < 0 ? 0 : comma);
  const data = url.slice(comma + 1);
  if (!/;base64$/i.test(head))
    throw invalidField(param, 'the data: URL must have the photo in base64, after “;base64,”.');
  const bytes = decodeBase64(data);
  if (!bytes) throw invalidField(param, 'the data: URL has characters that are not base64.');
  checkUpload(bytes, PHOTO_LIMITS, head.slice('data:'.length, -';base64'.length));
  return bytes;
}
