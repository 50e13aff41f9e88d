import packageJson from '../../package.json' with { type: 'json' };

/** Tells the operators of other servers who connects to them. */
export const USER_AGENT = `Cinematica/${packageJson.version}`;
