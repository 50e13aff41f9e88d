import { createClient, openChannel } from '@cinematica/protocol';
import { OutboundService } from '@cinematica/protocol/outbound';

/** The outbound service, which asks the authority: this service does not connect to addresses outside. */
export interface OutboundAddress {
  readonly address: string;
  readonly token: string;
}

/** Longer than the outbound service may be set to take, 30 seconds, so that its own error arrives. Milliseconds. */
const TIMEOUT_MS = 35_000;

/** Opens a channel to the outbound service, which connects with the first time stamp. */
export function openTimestamps({ address, token }: OutboundAddress) {
  const channel = openChannel(address, { token });
  const client = createClient(OutboundService, channel);
  return {
    /**
     * Gets a time stamp.
     * @param timestampRequest a TimeStampReq of RFC 3161, DER.
     * @returns the answer of the authority, unchecked.
     * @throws RpcError when there is no authority, or it can't be reached.
     */
    async request(timestampRequest: Uint8Array): Promise<Uint8Array> {
      const { timestampResponse } = await client.getTimestamp({ timestampRequest }, { timeoutMs: TIMEOUT_MS });
      return timestampResponse;
    },
    close: () => channel.close(),
  };
}
