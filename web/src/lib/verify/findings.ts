import { timestampDate } from '@bufbuild/protobuf/wkt';
import { ContentCredentialsState, InvisibleMarkState } from '@cinematica/protocol/v1';
import type { ContentCredentials, VerifyMediaResponse } from '@cinematica/protocol/v1';
import { getLocale, m } from '#lib/i18n/index.ts';

/** What is known of a file: `here` is this installation, `generated` another program that says so itself. */
export type Origin = 'here' | 'generated' | 'unknown';

/** A sign of a file's origin. */
export interface Finding {
  readonly title: string;
  readonly text: string;
  /** Whether it says that the file was generated. */
  readonly found: boolean;
}

/** What all signs say together. */
export function originOf({ invisibleMark, contentCredentials, declaredGenerated }: VerifyMediaResponse): Origin {
  const isMarked = invisibleMark !== undefined && invisibleMark.state >= InvisibleMarkState.FOUND;
  const isValid = contentCredentials?.state === ContentCredentialsState.VALID;
  if (isMarked || (isValid && contentCredentials.signedHere)) return 'here';
  return (isValid && contentCredentials.generated) || declaredGenerated ? 'generated' : 'unknown';
}

/** Each sign in words, the one that is hardest to remove first. */
export const findingsOf = (response: VerifyMediaResponse): Finding[] => [
  markFinding(response),
  credentialsFinding(response),
  {
    title: m.verify_declared(),
    text: response.declaredGenerated ? m.verify_declared_yes() : m.verify_declared_no(),
    found: response.declaredGenerated,
  },
];

function markFinding({ invisibleMark }: VerifyMediaResponse): Finding {
  const title = m.verify_mark();
  if (invisibleMark?.state === InvisibleMarkState.READ) {
    const { videoCreateTime } = invisibleMark;
    const made = videoCreateTime ? [m.verify_made({ time: formatTime(timestampDate(videoCreateTime)) })] : [];
    return { title, text: [m.verify_mark_read(), ...made].join(' '), found: true };
  }
  const found = invisibleMark?.state === InvisibleMarkState.FOUND;
  return { title, text: found ? m.verify_mark_found() : m.verify_mark_none(), found };
}

function credentialsFinding({ contentCredentials }: VerifyMediaResponse): Finding {
  const title = m.verify_credentials();
  if (contentCredentials?.state === ContentCredentialsState.VALID) {
    const { generated, signTime } = contentCredentials;
    const stamped = signTime ? [m.verify_signed({ time: formatTime(timestampDate(signTime)) })] : [];
    return { title, text: [signerText(contentCredentials), ...stamped].join(' '), found: generated };
  }
  const isInvalid = contentCredentials?.state === ContentCredentialsState.INVALID;
  return { title, text: isInvalid ? problemText(contentCredentials) : m.verify_credentials_missing(), found: false };
}

function problemText({ problems }: ContentCredentials): string {
  const isOnlyExpired = problems.length > 0 && problems.every((problem) => problem === 'signingCredential.expired');
  return isOnlyExpired ? m.verify_credentials_expired() : m.verify_credentials_invalid();
}

function signerText({ signer, signedHere, signerTrusted }: ContentCredentials): string {
  if (signedHere) return m.verify_credentials_own({ signer });
  return signerTrusted ? m.verify_credentials_trusted({ signer }) : m.verify_credentials_unknown({ signer });
}

const formatTime = (time: Date): string =>
  new Intl.DateTimeFormat(getLocale(), { dateStyle: 'long', timeStyle: 'short' }).format(time);
