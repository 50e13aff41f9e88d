import type { Finding, FindingState, Section } from './finding.ts';

const MARKS: Readonly<Record<FindingState, string>> = { good: '✓', note: '·', warning: '!', fault: '✗' };

/** The colours of a terminal: green, grey, yellow and red. */
const COLOURS: Readonly<Record<FindingState, number>> = { good: 32, note: 90, warning: 33, fault: 31 };

/** The findings that prevent a video. */
export const faultsOf = (sections: readonly Section[]): Finding[] =>
  sections.flatMap(({ findings }) => findings).filter(({ state }) => state === 'fault');

/** Formats the findings for people: a line each, and the cure below it. */
export function formatPage(version: string, sections: readonly Section[], coloured: boolean): string {
  const names = sections.flatMap(({ findings }) => findings.map(({ name }) => name.length));
  const width = Math.max(...names) + 2;
  const mark = (state: FindingState): string =>
    coloured ? `\u001B[${COLOURS[state]}m${MARKS[state]}\u001B[39m` : MARKS[state];
  const lines = sections.flatMap(({ title, findings }) => [
    '',
    title,
    ...findings.flatMap(({ name, state, text, cure }) => [
      `  ${mark(state)} ${name.padEnd(width)}${text}`,
      ...(cure === undefined ? [] : [`${' '.repeat(width + 4)}→ ${cure}`]),
    ]),
  ]);
  return [`Cinemática ${version}`, ...lines, '', summary(sections), ''].join('\n');
}

function summary(sections: readonly Section[]): string {
  const faults = faultsOf(sections).map(({ name }) => name);
  if (faults.length > 0) {
    return `${faults.length === 1 ? 'One thing prevents' : `${faults.length} things prevent`} a video: ${faults.join(', ')}.`;
  }
  const warnings = sections.flatMap(({ findings }) => findings).filter(({ state }) => state === 'warning').length;
  const hints = ['', ' One thing could be better (!).'][warnings] ?? ` ${warnings} things could be better (!).`;
  return `Videos can be made here.${hints}`;
}
