/** How a finding is: in order; worth to know; slower or with less than it could be; or it prevents a video. */
export type FindingState = 'good' | 'note' | 'warning' | 'fault';

/** One line of the page. */
export interface Finding {
  /** What was looked at, such as `ffmpeg`. */
  readonly name: string;
  readonly state: FindingState;
  /** What was found. */
  readonly text: string;
  /** What to do about it. */
  readonly cure?: string;
}

/** A part of the page. */
export interface Section {
  readonly title: string;
  readonly findings: readonly Finding[];
}

export const good = (name: string, text: string): Finding => ({ name, state: 'good', text });
export const note = (name: string, text: string, cure?: string): Finding => finding(name, 'note', text, cure);
export const warning = (name: string, text: string, cure: string): Finding => finding(name, 'warning', text, cure);
export const fault = (name: string, text: string, cure: string): Finding => finding(name, 'fault', text, cure);

const finding = (name: string, state: FindingState, text: string, cure: string | undefined): Finding => ({
  name,
  state,
  text,
  ...(cure === undefined ? {} : { cure }),
});

/** Bytes for people, such as `7.8 GB` or `43 MB`. */
export const readableBytes = (bytes: number): string =>
  bytes < 1e9 ? `${(bytes / 1e6).toFixed(0)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
