import type { MediaFindings } from '@cinematica/gateway/media-verifier';

/** What is known about a file, in lines for people. */
export function describeFindings(findings: MediaFindings): string[] {
  const { kind, mark, credentials, declaredGenerated } = findings;
  const what = kind === 'video' ? 'video' : 'picture';
  const declared = declaredGenerated
    ? `the metadata say that a trained model made this ${what} (everyone can write that)`
    : 'the metadata do not say that a trained model made it (everyone can remove that)';
  const signed = describeCredentials(credentials, what);
  if (!mark) {
    const isOwn = credentials.state === 'valid' && credentials.voucher === 'own';
    const last = isOwn ? [] : [`nothing says that this ${what} was made here; that does not prove that it is genuine`];
    return [`no mark of this installation was found in this ${what}`, signed, declared, ...last];
  }
  const score = `${mark.score.toFixed(1)} standard deviations above chance`;
  if (!mark.payload)
    return [`made here: this ${what} carries a mark that is too faint to be read, ${score}`, signed, declared];
  const { installation, video } = mark.payload;
  const number = video.toString(16).padStart(8, '0');
  return [
    `made here: this ${what} carries the mark of video ${number} of installation ${installation}, ${score}`,
    signed,
    declared,
  ];
}

function describeCredentials(credentials: MediaFindings['credentials'], what: string): string {
  switch (credentials.state) {
    case 'missing':
      return `this ${what} has no content credentials (messengers remove them)`;
    case 'invalid':
      return `its content credentials are not valid: ${describeProblem(credentials.reasons)} (${credentials.reasons.join(', ')})`;
    case 'valid': {
      const signer = credentials.signer ?? 'somebody without a name';
      const at = credentials.time ? ` at ${credentials.time.toISOString()}` : '';
      const signed = `signed by ${signer}${at}`;
      const made = `made with ${credentials.generator}${credentials.generated ? ', a trained model' : ''}`;
      return {
        own: `made here: its content credentials are valid, ${signed}, ${made}`,
        other: `its content credentials are valid, signed by another signer, ${signer}${at}, whom the operator trusts, ${made}`,
        nobody: `its content credentials are valid, but their signer is unknown here: ${signer}`,
      }[credentials.voucher];
    }
  }
}

function describeProblem(reasons: readonly string[]): string {
  const isOnlyExpired = reasons.every((reason) => reason === 'signingCredential.expired');
  return isOnlyExpired
    ? 'the signer’s certificate has expired'
    : 'the file was changed after it was signed, or damaged';
}
