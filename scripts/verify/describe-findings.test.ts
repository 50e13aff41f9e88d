import { expect, test } from 'vitest';
import { describeFindings } from './describe-findings.ts';

test.each([
  [['signingCredential.expired'], 'the signer’s certificate has expired (signingCredential.expired)'],
  [
    ['assertion.dataHash.mismatch'],
    'the file was changed after it was signed, or damaged (assertion.dataHash.mismatch)',
  ],
])('credentials that are not valid for %j are described', (reasons, text) => {
  const credentials = { state: 'invalid', reasons, signer: null } as const;
  const lines = describeFindings({ kind: 'picture', mark: null, credentials, declaredGenerated: false });
  expect(lines).toContain(`its content credentials are not valid: ${text}`);
});
