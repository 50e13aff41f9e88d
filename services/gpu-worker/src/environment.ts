/** The programs of the container, by the prefix of the variables that only one of them gets. */
export const PROGRAMS = { DENOISER_: 'denoiser', DECODER_: 'decoder' } as const;
export type Prefix = keyof typeof PROGRAMS;

/**
 * The environment of one program: the common variables, and over them those with its prefix, without the prefix. It gets none of the
 * other program's, such as its password.
 */
export function environmentFor(prefix: Prefix, env: Readonly<NodeJS.ProcessEnv>): NodeJS.ProcessEnv {
  const prefixes = Object.keys(PROGRAMS);
  const entries = Object.entries(env);
  const common = entries.filter(([name]) => !prefixes.some((each) => name.startsWith(each)));
  const own = entries
    .filter(([name]) => name.startsWith(prefix))
    .map(([name, value]) => [name.slice(prefix.length), value] as const);
  return { ...Object.fromEntries(common), ...Object.fromEntries(own) };
}
