/** Several curves over the same time, to be compared. */
import { LineSeries, LineStyle } from "lightweight-charts";
import { useEffect, useRef } from "react";
import { amounts, makeChart } from "./base";
import { palette, useThemeName } from "./theme";
import { inOrder } from "./time";
import type { Curve } from "./types";

interface Props {
  curves: readonly Curve[];
  height?: number;
  label: string;
}

export default function CurvesChart({ curves, height = 260, label }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const theme = useThemeName();
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new theme needs a new chart
  useEffect(() => {
    if (!place.current) return;
    const colours = palette();
    const chart = makeChart(place.current);
    for (const curve of curves) {
      const series = chart.addSeries(LineSeries, {
        color: colours[curve.tone],
        lineWidth: curve.dashed ? 1 : 2,
        lineStyle: curve.dashed ? LineStyle.Dashed : LineStyle.Solid,
        priceLineVisible: false,
        priceFormat: amounts,
        lastValueVisible: !curve.dashed,
      });
      series.setData(inOrder(curve.points));
    }
    chart.timeScale().fitContent();
    return () => chart.remove();
  }, [curves, theme]);
  return (
    <figure>
      <div ref={place} className="chart" style={{ height }} role="img" aria-label={label} />
      <figcaption className="legend">
        {curves.map((curve) => (
          <span key={curve.name}>
            <i className={`tone-${curve.tone}`} />
            {curve.name}
          </span>
        ))}
      </figcaption>
    </figure>
  );
}
