/** A figure inside its interval of confidence, drawn on a scale that its neighbours share. */

interface Props {
  value: number | null;
  low: number | null;
  high: number | null;
  scale: readonly [number, number];
  /** A line to compare with: 0 for money, 50 for a win rate. */
  mark: number;
  label: string;
}

export function Band({ value, low, high, scale: [from, to], mark, label }: Props) {
  if (value === null || low === null || high === null) return <span className="band" />;
  const place = (at: number) => `${100 * Math.min(1, Math.max(0, (at - from) / (to - from || 1)))}%`;
  const [left, right] = [place(low), place(high)];
  return (
    <span className="band" role="img" aria-label={label} title={label}>
      <i className="band-zero" style={{ left: place(mark) }} />
      <i className="band-span" style={{ left, width: `calc(${right} - ${left})` }} />
      <i className="band-at" style={{ left: place(value) }} />
    </span>
  );
}
