import { access, allowLists } from '@cinematica/pipeline/access';

/** The launcher's user is for a machine of one's own. */
const users = Object.entries(access).filter(([name]) => name !== 'launcher');

/**
 * deploy/k8s/base/nats/accounts.conf: one account, and in it each service's user with what it may do, from the same
 * source as the local server's. Passwords come from the environment.
 */
export function natsAccounts(): string {
  const blocks = users.map(([name, allowed]) => {
    const { publish, subscribe } = allowLists(name, allowed);
    return `      {
        user: ${name}
        password: $NATS_PASSWORD_${name.toUpperCase()}
        permissions: {
          publish: { allow: ${list(publish)} }
          subscribe: { allow: ${list(subscribe)} }
        }
      }`;
  });
  return `# Made from scripts/launch/nats/users.ts: npm test -- test/deploy -u
accounts {
  CINEMATICA {
    jetstream: enabled
    users: [
${blocks.join('\n')}
    ]
  }
}
`;
}

const list = (subjects: readonly string[]): string =>
  `[\n${subjects.map((subject) => `            "${subject}"`).join('\n')}\n          ]`;
