import { once } from 'node:events';
import { connect, constants } from 'node:http2';
import { expect, test } from 'vitest';
import { createHttpServer } from './http-server.ts';

/** Fewer than Node's own limit. */
const CALLS = 800;

/** Whether a server closes a connection that cancels {@link CALLS} calls, each as soon as it has an answer. */
async function closesAfterResets(maxPerAddress: number | null): Promise<boolean> {
  const server = createHttpServer((_, response) => void response.writeHead(200).write('1'), { max: 10, maxPerAddress });
  const session = connect(`http://127.0.0.1:${await server.listen(0, '127.0.0.1')}`);
  let isClosed = false;
  session.on('error', () => undefined).on('close', () => (isClosed = true));
  try {
    for (let calls = 0; calls < CALLS && !isClosed; calls++) {
      const stream = session.request({ ':path': '/' });
      stream.on('response', () => stream.close(constants.NGHTTP2_CANCEL));
      await once(stream, 'close').catch(() => undefined);
    }
    return isClosed;
  } finally {
    session.destroy();
    await server.close(0);
  }
}

test('a connection that cancels many calls is closed, but not that of a proxy, which has many clients', async () => {
  expect(await closesAfterResets(10)).toBe(true);
  expect(await closesAfterResets(null)).toBe(false);
});
