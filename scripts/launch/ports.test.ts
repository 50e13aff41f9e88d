import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { chosenStagePort, freePorts } from './ports.ts';

test('a stage has the port that the environment names for it', async () => {
  const [port = 0] = await freePorts(1);
  expect(await chosenStagePort('encoder', { PORT_ENCODER: String(port), PORT_MUXER: 'x' })).toBe(port);
  expect(await chosenStagePort('denoiser', { PORT_ENCODER: String(port) })).toBeUndefined();
  await expect(chosenStagePort('muxer', { PORT_MUXER: '70000' })).rejects.toThrow(
    'PORT_MUXER takes a number from 1 to 65535, not “70000”.',
  );
});

test('a port of a stage that is in use is refused by the name of its setting', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await expect(chosenStagePort('decoder', { PORT_DECODER: String(port) })).rejects.toThrow(
    `PORT_DECODER: port ${port} is in use by another program: choose another.`,
  );
  server.close();
});
