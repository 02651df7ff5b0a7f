/** How much of something is used. */
import { percent } from "@/lib/format";

const FULL = 0.9;

export function Meter({ part, label }: { part: number; label: string }) {
  const width = Math.min(100, Math.max(0, 100 * (Number.isFinite(part) ? part : 0)));
  return (
    <div className="meter" role="img" aria-label={`${label}: ${percent(width, 0)}`}>
      <i className={part > FULL ? "meter-warn" : ""} style={{ width: `${width}%` }} />
    </div>
  );
}
