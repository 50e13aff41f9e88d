import { allowLists, USER_PERMISSIONS } from '@cinematica/pipeline/nats-access';

/** The generated file, from the project's root. */
export const ACCOUNTS_FILE = 'deploy/k8s/base/nats/accounts.conf';

/**
 * The accounts of NATS on Kubernetes: one account, with a user and its permissions for each service. The local server has
 * the same permissions, see `scripts/launch/nats/config.ts`. Passwords come from the environment.
 */
export function natsAccounts(): string {
  // The launcher exists only on a local server.
  const users = Object.entries(USER_PERMISSIONS).filter(([name]) => name !== 'launcher');
  const blocks = users.map(([name, permissions]) => {
    const { publish, subscribe } = allowLists(name, permissions);
    return `      {
        user: ${name}
        password: $NATS_PASSWORD_${name.toUpperCase()}
        permissions: {
          publish: { allow: ${list(publish)} }
          subscribe: { allow: ${list(subscribe)} }
        }
      }`;
  });
  return `# Generated from packages/pipeline/src/nats/access/users.ts by npm run generate. Do not edit.
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
