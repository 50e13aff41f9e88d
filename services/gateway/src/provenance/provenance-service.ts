import type { VideoTable } from '@cinematica/pipeline';
import { videoNumber } from '@cinematica/provenance';
import type { MarkPayload } from '@cinematica/provenance';
import { ContentCredentialsState, InvisibleMarkState } from '@cinematica/protocol/v1';
import type { ProvenanceService } from '@cinematica/protocol/v1';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { ServiceImpl } from '@connectrpc/connect';
import { budgetClientKey, signalOf } from '../rpc/context.ts';
import type { MediaFindings, MediaVerifier } from './media-verifier.ts';

/** The dependencies of the service. All of them are required. */
export interface ProvenanceParts {
  readonly verifier: MediaVerifier;
  /** The videos of this installation. */
  readonly videos: VideoTable['videos'];
}

/** Implements `cinematica.v1.ProvenanceService`. */
export function createProvenanceService({ verifier, videos }: ProvenanceParts): ServiceImpl<typeof ProvenanceService> {
  return {
    async verifyMedia({ media }, context) {
      const client = context.values.get(budgetClientKey);
      const { mark, credentials, declaredGenerated } = await verifier.verify(media, signalOf(context), client);
      return {
        invisibleMark: describeMark(mark, videos),
        contentCredentials: describeCredentials(credentials),
        declaredGenerated,
      };
    },
  };
}

function describeMark(mark: MediaFindings['mark'], videos: VideoTable['videos']) {
  if (!mark) return { state: InvisibleMarkState.NOT_FOUND };
  const { payload, score } = mark;
  if (!payload) return { state: InvisibleMarkState.FOUND, score };
  const videoCreateTime = createTimeOf(payload, videos);
  return {
    state: InvisibleMarkState.READ,
    score,
    installation: payload.installation,
    ...(videoCreateTime ? { videoCreateTime } : {}),
  };
}

function describeCredentials(credentials: MediaFindings['credentials']) {
  switch (credentials.state) {
    case 'missing':
      return { state: ContentCredentialsState.MISSING };
    case 'invalid':
      return {
        state: ContentCredentialsState.INVALID,
        signer: credentials.signer ?? '',
        problems: [...credentials.reasons],
      };
    case 'valid': {
      const { voucher, signer, generator, generated, time } = credentials;
      const signTime = time ? { signTime: timestampFromDate(time) } : {};
      return {
        state: ContentCredentialsState.VALID,
        signerTrusted: voucher !== 'nobody',
        signedHere: voucher === 'own',
        signer: signer ?? '',
        generator,
        generated,
        ...signTime,
      };
    }
  }
}

function createTimeOf({ video }: MarkPayload, videos: VideoTable['videos']) {
  for (const [id, { record }] of videos) {
    if (videoNumber(id) === video) return record.createTime;
  }
  return undefined;
}
