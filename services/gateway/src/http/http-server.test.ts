import { connect, constants } from 'node:http2';
import { expect, test } from 'vitest';
import type { Request, Response } from './http-handler.ts';
import { createHttpServer } from './http-server.ts';

/** Fewer than Node's own limit. */
const CALLS = 800;

/** Answers with headers, and does not end. */
function answer(_request: Request, response: Response): void {
  if ('stream' in response) response.stream.respond({ ':status': 200 });
}

/** Whether a server closes a connection that cancels {@link CALLS} calls, each as soon as it has an answer. */
async function closesAfterResets(maxPerAddress: number | null): Promise<boolean> {
  const server = createHttpServer(answer, { max: 10, maxPerAddress });
  const session = connect(`http://127.0.0.1:${await server.listen(0, '127.0.0.1')}`);
  session.on('error', () => undefined);
  try {
    for (let calls = 0; calls < CALLS && !session.closed && !session.destroyed; calls++) {
      const stream = session.request({ ':path': '/' });
      stream.on('error', () => undefined);
      await new Promise((resolve) => stream.once('response', resolve).once('close', resolve));
      stream.close(constants.NGHTTP2_CANCEL);
    }
    return session.closed || session.destroyed;
  } finally {
    session.destroy();
    await server.close(0);
  }
}

test('a connection that cancels many calls is closed, but not that of a proxy, which has many clients', async () => {
  expect(await closesAfterResets(10)).toBe(true);
  expect(await closesAfterResets(null)).toBe(false);
});
