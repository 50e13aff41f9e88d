import type { z } from 'zod';

/** A setting in the environment is missing or invalid. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Reads the settings of a program from the environment. An empty variable counts as not set.
 * @throws ConfigError with a one-line message that names each wrong setting.
 */
export function readConfig<Schema extends z.ZodObject>(schema: Schema, env: NodeJS.ProcessEnv): z.output<Schema> {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const result = schema.safeParse(set);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => {
    const name = path.join('.');
    return name in set ? `${name}: ${message}` : `${name} is not set`;
  });
  throw new ConfigError(problems.join('; '), { cause: result.error });
}
