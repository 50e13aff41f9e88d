/** A number of a panel as people read it. @param unit as Grafana calls it */
export function formatValue(value: number, unit: string): string {
  switch (unit) {
    case 's':
      return formatMilliseconds(value * 1000);
    case 'bytes':
      return formatBytes(value);
    case 'Bps':
      return `${formatBytes(value)}/s`;
    case 'percentunit':
      return `${round(value * 100)} %`;
    case 'reqps':
      return `${round(value)}/s`;
    default:
      return round(value);
  }
}

export function formatMilliseconds(value: number): string {
  if (value === 0) return '0 s';
  if (value < 1) return `${round(value * 1000)} µs`;
  if (value < 1000) return `${round(value)} ms`;
  return value < 120_000 ? `${round(value / 1000)} s` : `${round(value / 60_000)} min`;
}

function formatBytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(value) / 10));
  return `${round(value / 1024 ** power)} ${units[power]!}`;
}

/** Three digits that count. */
const round = (value: number): string => String(Number(value.toPrecision(3)));

/** What a unit's larger numbers are multiples of, so that a chart's lines stand at round ones. */
export function scaleOf(largest: number, unit: string): number {
  if (unit === 's') return largest >= 120 ? 60 : 1;
  if (unit !== 'bytes' && unit !== 'Bps') return 1;
  return largest < 1 ? 1 : 1024 ** Math.floor(Math.log2(largest) / 10);
}
