/** The ports of a process that is killed, and when it happens. */
export interface Killed<T> {
  readonly ports: T;
  /** Resolves when the process has reached the call at which it is killed. */
  readonly killed: Promise<'killed'>;
}

/**
 * The ports of a process that is killed before it makes its n-th call. From then on no call is made and none returns, so
 * that nothing of the process runs any more, not even its handling of errors. Every method must return a promise.
 *
 * @param call counts the calls of all ports together, from 1.
 */
export function killedAtCall<T extends Readonly<Record<string, object>>>(ports: T, call: number): Killed<T> {
  const reached = Promise.withResolvers<'killed'>();
  let calls = 0;
  const watched = (port: object): object =>
    new Proxy(port, {
      get(target, name): unknown {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]): unknown => {
          calls++;
          if (calls < call) return Reflect.apply(member, target, args);
          reached.resolve('killed');
          return new Promise(() => undefined);
        };
      },
    });
  const entries = Object.entries(ports).map(([name, port]) => [name, watched(port)] as const);
  return { ports: Object.fromEntries(entries) as unknown as T, killed: reached.promise };
}
