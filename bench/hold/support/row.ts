/** What one row of docs/reliability.md measures. */
export interface Row {
  /** Such as `R4`. */
  readonly id: string;
  readonly what: string;
  /** The target in words. */
  readonly target: string;
}

export type Verdict = 'met' | 'missed' | 'skipped' | 'failed';

/** The result of one row. */
export interface Outcome {
  readonly id: string;
  /** The measured figures with their units; why the row was skipped; or the error that ended it. */
  readonly figure: string;
  readonly verdict: Verdict;
}

/** The size of a run. */
export interface RunOptions {
  /** The sizes that the targets name; otherwise smaller ones that take at most a few minutes. */
  readonly full: boolean;
  readonly seed: number;
  /** The length of the mixed attack. Minutes. */
  readonly minutes: number;
  /** The kinds of attack in it; none for all. */
  readonly attacks: readonly string[];
  /** A folder of further hostile files for the rows that send files; null for none. */
  readonly corpus: string | null;
}

/** Rows that are measured together. */
export interface Family {
  readonly rows: readonly Row[];
  /** @param wanted the ids of the rows to measure; rows that are measured anyway may be reported too. */
  run(options: RunOptions, wanted: ReadonlySet<string>): Promise<Outcome[]>;
}

/** @param met whether the figure is within the target. */
export const outcome = (id: string, met: boolean, figure: string): Outcome => ({
  id,
  figure,
  verdict: met ? 'met' : 'missed',
});

export const skipped = (id: string, reason: string): Outcome => ({ id, figure: reason, verdict: 'skipped' });
