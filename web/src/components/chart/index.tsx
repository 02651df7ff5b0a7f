/** Charts come in a file of their own, when the first one is shown. */
import { type ComponentProps, lazy, Suspense } from "react";

const Candles = lazy(() => import("./candle-chart"));
const Curves = lazy(() => import("./curves-chart"));
const Line = lazy(() => import("./line-chart"));

export function CandleChart(props: ComponentProps<typeof Candles>) {
  return (
    <Suspense fallback={<div className="skeleton" style={{ height: props.height ?? 380 }} />}>
      <Candles {...props} />
    </Suspense>
  );
}

export function LineChart(props: ComponentProps<typeof Line>) {
  return (
    <Suspense fallback={<div className="skeleton" style={{ height: props.height ?? 260 }} />}>
      <Line {...props} />
    </Suspense>
  );
}

export function CurvesChart(props: ComponentProps<typeof Curves>) {
  return (
    <Suspense fallback={<div className="skeleton" style={{ height: props.height ?? 260 }} />}>
      <Curves {...props} />
    </Suspense>
  );
}
