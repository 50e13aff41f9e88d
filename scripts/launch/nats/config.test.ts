import { expect, test } from 'vitest';
import { USER_PERMISSIONS, allowLists } from '@cinematica/pipeline/nats-access';
import { natsConfig } from './config.ts';

const config = (storeFolder: string): string =>
  natsConfig({
    port: 4222,
    storeFolder,
    maxMemory: 1,
    maxDisk: 2,
    pidFile: '/data/nats.pid',
    users: Object.entries(USER_PERMISSIONS).map(([name, permissions]) => ({
      name,
      password: 'secret',
      allow: allowLists(name, permissions),
    })),
  });

test('listens on loopback only, syncs every message, and admits only users with allow lists', () => {
  const text = config('/data/Ana’s videos');
  expect(text).toContain('listen: "127.0.0.1:4222"');
  expect(text).toContain('sync_interval: always');
  expect(text).toContain('store_dir: "/data/Ana’s videos"');
  expect(text).not.toMatch(/authorization|no_auth_user|\bhttp|cluster|leafnodes|gateway \{|websocket|mqtt|\$SYS|deny/);
  expect(text).not.toMatch(/"(>|\$JS\.>|\$JS\.API\.>|\$JS\.API\.ACCOUNT\.|\*)/);
});

test.each(['/data/"', '/data\\', '/data/\n'])('rejects a path that would end its quotes: %j', (path) => {
  expect(() => config(path)).toThrow('can’t be used in a NATS configuration');
});
