/** The two figures of a source that luck moves most, each with what it may be in truth. */

import { Band } from "@/components/ui/band";
import { tone } from "@/components/ui/card";
import { DASH, percent, signed } from "@/lib/format";
import type { CardLine } from "@/lib/queries/signals";
import type { Scale } from "./row";

const number = (text: string | null | undefined) => (text == null ? null : Number(text));

export function WinRate({ of }: { of: CardLine | undefined }) {
  const interval = of?.win_rate_interval;
  const said = interval ? `95 % confidence: ${percent(interval.low, 1)} to ${percent(interval.high, 1)}` : "";
  return (
    <span className="with-band">
      <Band
        value={number(of?.win_rate)}
        low={number(interval?.low)}
        high={number(interval?.high)}
        scale={[0, 100]}
        mark={50}
        label={said}
      />
      <span className="num">{percent(of?.win_rate, 1)}</span>
    </span>
  );
}

export function Expectancy({ of, scale }: { of: CardLine | undefined; scale: Scale }) {
  const interval = of?.expectancy_interval;
  const said = interval ? `95 % confidence: ${signed(interval.low)} to ${signed(interval.high)} USDT a trade` : "";
  return (
    <span className="with-band">
      <Band
        value={number(of?.expectancy)}
        low={number(interval?.low)}
        high={number(interval?.high)}
        scale={scale.expectancy}
        mark={0}
        label={said}
      />
      <span className={`num ${tone(of?.expectancy)}`}>{of ? signed(of.expectancy) : DASH}</span>
    </span>
  );
}
