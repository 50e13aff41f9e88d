import type { TimestampProvider } from '@trustnxt/c2pa-ts/rfc3161';
import * as asn1js from 'asn1js';
import { SignedData, TimeStampReq, TimeStampResp, TSTInfo } from 'pkijs';

/** Where time stamps come from. */
export interface TimestampAuthority {
  /**
   * Gets a time stamp.
   * @param request a TimeStampReq of RFC 3161, DER.
   * @returns a TimeStampResp, DER.
   */
  request(request: Uint8Array): Promise<Uint8Array>;
  /** Called when a file gets no time stamp. It is signed without it. */
  failed(error: unknown): void;
}

/** A time stamp that can't be put into credentials. */
export class TimestampError extends Error {
  override readonly name = 'TimestampError';
}

/** The space for a time stamp. Those of public authorities have 2 to 8 kB, with their certificates. Bytes. */
export const TIMESTAMP_BYTES = 12_000;
/** PKIStatus of RFC 3161 §2.4.2: granted, granted with changes. */
const GRANTED: readonly number[] = [0, 1];

/**
 * Gets time stamps for the library. It would store the whole response of the authority, while C2PA stores the token in it (C2PA 2.1,
 * §10.3.2.5), as the authority encoded it.
 */
export const createTimestampProvider = (authority: TimestampAuthority): TimestampProvider => ({
  async getSignedTimestamp(request) {
    try {
      const sent = new Uint8Array(request.toSchema().toBER());
      const token = readToken(await authority.request(sent), TimeStampReq.fromBER(sent));
      return { toSchema: () => ({ toBER: () => token }) } as unknown as TimeStampResp;
    } catch (error) {
      authority.failed(error);
      return undefined;
    }
  },
});

/**
 * Checks that a response is a time stamp for a request. The signature is checked by who reads the credentials.
 * @returns the token in the response, DER.
 * @throws {@link TimestampError}
 */
function readToken(der: Uint8Array, request: TimeStampReq): Uint8Array<ArrayBuffer> {
  let token: Uint8Array<ArrayBuffer>;
  let info: TSTInfo;
  try {
    const bytes = new Uint8Array(der);
    const response = TimeStampResp.fromBER(bytes);
    const { status, statusStrings } = response.status;
    if (!GRANTED.includes(status)) {
      const reason = statusStrings?.map(({ valueBlock }) => valueBlock.value).join(' ') ?? '';
      throw new TimestampError(`the time stamp authority refused, with the status ${status} ${reason}`.trim());
    }
    const { content } = response.timeStampToken! as { readonly content: unknown };
    info = TSTInfo.fromBER(new SignedData({ schema: content }).encapContentInfo.eContent!.getValue());
    const { result } = asn1js.fromBER(bytes) as { readonly result: asn1js.Sequence };
    token = new Uint8Array(result.valueBlock.value[1]!.valueBeforeDecodeView);
  } catch (cause) {
    if (cause instanceof TimestampError) throw cause;
    throw new TimestampError('the answer of the time stamp authority can’t be read', { cause });
  }
  const hashed = ({ messageImprint }: TSTInfo | TimeStampReq) => Buffer.from(messageImprint.hashedMessage.getValue());
  if (!hashed(info).equals(hashed(request))) throw new TimestampError('the time stamp is one of something else');
  const nonce = (each: TSTInfo | TimeStampReq) => Buffer.from(each.nonce?.valueBlock.valueHexView ?? []);
  if (!nonce(info).equals(nonce(request))) throw new TimestampError('the time stamp is an old one');
  if (token.length > TIMESTAMP_BYTES) throw new TimestampError(`the time stamp has ${token.length} bytes`);
  return token;
}

/** An answer with the status `granted` has this before its token. */
const GRANTED_STATUS = Uint8Array.of(0x30, 0x03, 0x02, 0x01, 0x00);
/** The identifiers of a sequence, and of an object identifier, with which a token starts; a response starts with another sequence. */
const [SEQUENCE, OBJECT_IDENTIFIER] = [0x30, 0x06] as const;
/** A length from here on is written in several bytes (X.690 §8.1.3.5). */
const LONG_LENGTH = 0x80;

/**
 * Puts a token into a response, which is what the library reads. A response stays as it is.
 * @param der a token or a response, untrusted.
 */
export function asResponse(der: Uint8Array): Uint8Array {
  const first = der[1] ?? 0;
  const content = first < LONG_LENGTH ? 2 : 2 + (first & 0x7f);
  if (der[0] !== SEQUENCE || der[content] !== OBJECT_IDENTIFIER) return der;
  const length = GRANTED_STATUS.length + der.length;
  // Three bytes hold the length of everything that fits into credentials.
  const head = Uint8Array.of(SEQUENCE, LONG_LENGTH | 3, length >> 16, (length >> 8) & 0xff, length & 0xff);
  return Buffer.concat([head, GRANTED_STATUS, der]);
}
