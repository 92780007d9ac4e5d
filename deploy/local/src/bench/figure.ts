/** What a bench was to reach and what it measured; benches in processes of their own send theirs to whoever started them. */
export interface Figure {
  bench: string;
  aim: string;
  measured: string;
  met: boolean;
}

export function isFigure(message: unknown): message is Figure {
  return typeof message === 'object' && message !== null && 'aim' in message && 'measured' in message;
}

/** The middle of the measured values: one round that something disturbed does not count. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
}

export function describeFigure({ aim, measured, met }: Figure): string {
  return `${met ? 'met   ' : 'MISSED'} ${aim}: ${measured}`;
}

/** Prints a figure and, where a bench runs others, adds it to the report. */
export function tellFigure(figure: Figure): void {
  console.log(`  ${describeFigure(figure)}`);
  process.send?.(figure);
}
