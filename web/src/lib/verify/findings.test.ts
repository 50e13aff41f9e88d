import { create } from '@bufbuild/protobuf';
import { ContentCredentialsState, InvisibleMarkState, VerifyMediaResponseSchema } from '@cinematica/protocol/v1';
import { expect, test } from 'vitest';
import { m } from '#lib/i18n/index.ts';
import { findingsOf, originOf } from './findings.ts';

const { MISSING, VALID, INVALID } = ContentCredentialsState;

test.each([
  ['a mark', { mark: InvisibleMarkState.FOUND }, 'here'],
  ['a mark that was read', { mark: InvisibleMarkState.READ }, 'here'],
  [
    'credentials of this installation',
    { credentials: VALID, signedHere: true, signerTrusted: true, generated: true },
    'here',
  ],
  [
    'credentials of a signer who is trusted',
    { credentials: VALID, signedHere: false, signerTrusted: true, generated: true },
    'generated',
  ],
  ['a photo of a camera that is trusted', { credentials: VALID, signedHere: false, signerTrusted: true }, 'unknown'],
  ['credentials of another signer', { credentials: VALID, generated: true }, 'generated'],
  ['credentials of a camera', { credentials: VALID }, 'unknown'],
  ['credentials that are not valid', { credentials: INVALID, generated: true }, 'unknown'],
  ['metadata only', { declaredGenerated: true }, 'generated'],
  ['nothing', {}, 'unknown'],
] as const)('%s: the origin is told', (_, given, origin) => {
  const { mark, credentials, declaredGenerated, ...signed } = {
    mark: InvisibleMarkState.NOT_FOUND,
    credentials: MISSING,
    declaredGenerated: false,
    ...given,
  };
  const response = create(VerifyMediaResponseSchema, {
    invisibleMark: { state: mark },
    contentCredentials: { state: credentials, ...signed },
    declaredGenerated,
  });
  expect(originOf(response)).toBe(origin);
  const findings = findingsOf(response);
  expect(findings).toHaveLength(3);
  if (origin !== 'unknown') expect(findings.some(({ found }) => found)).toBe(true);
});

test.each([
  [['signingCredential.expired'], m.verify_credentials_expired()],
  [['signingCredential.expired', 'assertion.dataHash.mismatch'], m.verify_credentials_invalid()],
  [[], m.verify_credentials_invalid()],
])('credentials with the problems %j are described', (problems, text) => {
  const response = create(VerifyMediaResponseSchema, { contentCredentials: { state: INVALID, problems } });
  expect(findingsOf(response).map((finding) => finding.text)).toContain(text);
});
