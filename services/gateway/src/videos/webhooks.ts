import { WebhookState } from '@cinematica/pipeline';
import type { OutboundRules, VideoRecord } from '@cinematica/pipeline';
import { Code, refuse } from '@cinematica/protocol';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { ErrorReason, Webhook_State } from '@cinematica/protocol/v1';
import type { CreateVideoRequest, WebhookSchema } from '@cinematica/protocol/v1';
import type { ApiKeys } from '../callers/api-keys.ts';
import type { Caller } from '../callers/authenticate.ts';
import { checkUrlField, outboundDisabled } from '../photo/remote-images.ts';

/** The settings that determine the webhooks of a new video. All of them are required. */
export interface WebhookParts {
  /** The webhook of each API key. */
  readonly keys: Pick<ApiKeys, 'webhookOf'>;
  /** Whether webhooks are called at all. */
  readonly enabled: boolean;
  /** Which URLs are allowed. */
  readonly rules: OutboundRules;
}

/**
 * The URLs that are called when a new video ends: the webhook of the API key, and the one of the request. Each URL is called
 * once.
 * @throws RpcError INVALID_ARGUMENT for a URL that is not allowed, FAILED_PRECONDITION when webhooks are switched off,
 *   UNAUTHENTICATED when the caller has no API key.
 */
export function webhookUrlsOf(
  { keys, enabled, rules }: WebhookParts,
  { callbackUrl }: Pick<CreateVideoRequest, 'callbackUrl'>,
  { owner, address }: Pick<Caller, 'owner' | 'address'>,
): string[] {
  const urls = new Set<string>();
  const ofKey = keys.webhookOf(owner);
  if (enabled && ofKey !== null) urls.add(ofKey);
  if (callbackUrl !== '') {
    if (!enabled) throw outboundDisabled('callback_url', 'Call WatchVideo or GetVideo instead.');
    // Only callers with a key have an address of null. Without a key there is no secret that the receiver could check.
    if (address !== null) {
      const message = 'callback_url needs an API key: send “authorization: Bearer …”.';
      throw refuse(Code.UNAUTHENTICATED, ErrorReason.NOT_AUTHENTICATED, message);
    }
    urls.add(checkUrlField('callback_url', callbackUrl, rules).href);
  }
  return [...urls];
}

const STATES: Readonly<Record<number, Webhook_State>> = {
  [WebhookState.WAITING]: Webhook_State.WAITING,
  [WebhookState.DUE]: Webhook_State.DUE,
  [WebhookState.DELIVERED]: Webhook_State.DELIVERED,
  [WebhookState.FAILED]: Webhook_State.FAILED,
  [WebhookState.GONE]: Webhook_State.GONE,
};

/** The webhooks of a video as its owner sees them. */
export const webhooksOf = ({ webhooks }: VideoRecord): MessageInitShape<typeof WebhookSchema>[] =>
  webhooks.map(({ url, state, attempts, lastAttemptTime, nextAttemptTime, lastStatus, lastError }) => ({
    url,
    state: STATES[state] ?? Webhook_State.UNSPECIFIED,
    attempts,
    lastStatus,
    lastError,
    ...(lastAttemptTime && { lastAttemptTime }),
    ...(nextAttemptTime && { nextAttemptTime }),
  }));
