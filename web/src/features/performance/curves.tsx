/** Equity and how far below its peak it stood: marked to market where whole accounts are shown, else from results. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { CurvesChart, LineChart } from "@/components/chart";
import type { Curve, Point } from "@/components/chart/types";
import { Card, tone } from "@/components/ui/card";
import { Explained } from "@/components/ui/tooltip";
import type { Schemas } from "@/lib/api/client";
import { DASH, dayOf, percent, signedPercent } from "@/lib/format";
import { equity, type Group } from "@/lib/queries/performance";

/** An account with so few points is shown minute by minute. */
const YOUNG = 24;

interface Props {
  days: readonly Group[];
  capital: number;
  /** Whether nothing narrows the trades, so that equity is about the same. */
  isWhole: boolean;
  span: number | undefined;
  /** Whose equity; several accounts have none in common. */
  account: number | undefined;
}

export function Curves({ days, capital, isWhole, span, account }: Props) {
  const coarse = useQuery(equity(isWhole ? account : undefined, span));
  const isYoung = coarse.data !== undefined && coarse.data.points.length < YOUNG;
  const fine = useQuery(equity(isWhole && isYoung ? account : undefined, span, "minute"));
  if (coarse.isLoading || fine.isLoading) return <div className="skeleton" style={{ height: 304 }} />;
  const marks = isYoung ? fine.data : coarse.data;
  if (isWhole && marks && marks.points.length > 1) return <Marked of={marks} />;
  return (
    <>
      <ByDay days={days} capital={capital} />
      {isWhole && account === undefined && (
        <p className="dim small">Equity, marked to market, is an account's own: choose one to see it.</p>
      )}
    </>
  );
}

function Marked({ of }: { of: Schemas["EquityCurve"] }) {
  const { curves, fall } = useMemo(() => marked(of), [of]);
  return (
    <div className="grid cols-wide">
      <Card
        title={
          <Explained term="Equity">
            Balance and what all open positions would bring, sampled each minute, hour or day. Beside it the same money
            held in bitcoin.
          </Explained>
        }
        bare
        end={
          <span className="small num soft">
            <b className={tone(of.return_percent)}>{signedPercent(of.return_percent)}</b>
            {of.bitcoin_percent !== null && <>, bitcoin {signedPercent(of.bitcoin_percent)}</>}
          </span>
        }
      >
        <CurvesChart curves={curves} label="Equity over time, beside bitcoin" />
      </Card>
      <Card
        title={<Explained term="Drawdown">Percent below the highest equity before.</Explained>}
        bare
        end={
          <span className="small num soft">deepest {of.max_drawdown ? percent(of.max_drawdown.percent) : DASH}</span>
        }
      >
        <LineChart points={fall} tone="down" hanging label="Drawdown of equity, in percent" />
      </Card>
    </div>
  );
}

function marked(of: Schemas["EquityCurve"]): { curves: Curve[]; fall: Point[] } {
  const worth: Point[] = [];
  const held: Point[] = [];
  const fall: Point[] = [];
  let peak = Number.NEGATIVE_INFINITY;
  for (const point of of.points) {
    const at = of.span === "day" ? dayOf(point.time) : point.time;
    const value = Number(point.equity);
    worth.push({ at, value });
    if (point.held_bitcoin !== null) held.push({ at, value: Number(point.held_bitcoin) });
    peak = Math.max(peak, value);
    fall.push({ at, value: peak > 0 ? (100 * (value - peak)) / peak : 0 });
  }
  const curves: Curve[] = [{ name: "Equity", tone: "accent", points: worth }];
  if (held.length > 1) curves.push({ name: "Held in bitcoin", tone: "warn", points: held, dashed: true });
  return { curves, fall };
}

function ByDay({ days, capital }: { days: readonly Group[]; capital: number }) {
  const { level, fall } = useMemo(() => byDay(days, capital), [days, capital]);
  return (
    <div className="grid cols-wide">
      <Card
        title={
          <Explained term="Capital and profit">
            Capital at the begin of the span and the results since, day by day.
          </Explained>
        }
        bare
      >
        <LineChart points={level} label="Capital and profit by day" />
      </Card>
      <Card title={<Explained term="Drawdown">Percent below the highest point before.</Explained>} bare>
        <LineChart points={fall} tone="down" hanging label="Drawdown by day, in percent" />
      </Card>
    </div>
  );
}

function byDay(days: readonly Group[], capital: number): { level: Point[]; fall: Point[] } {
  const first = days[0]?.key;
  if (!first) return { level: [], fall: [] };
  const before = dayOf(Date.parse(first) - 86_400_000);
  const level: Point[] = [{ at: before, value: capital }];
  const fall: Point[] = [{ at: before, value: 0 }];
  let [now, peak] = [capital, capital];
  for (const day of days) {
    now += Number(day.total_profit_loss);
    peak = Math.max(peak, now);
    level.push({ at: day.key, value: now });
    fall.push({ at: day.key, value: peak > 0 ? (100 * (now - peak)) / peak : 0 });
  }
  return { level, fall };
}
