/** A square a day: the deeper its colour, the larger the result. */
import { useEffect, useMemo, useRef } from "react";
import { Card } from "@/components/ui/card";
import { exchangeTime } from "@/lib/exchange-clock";
import { count, counted, dayOf, signed } from "@/lib/format";
import type { Group } from "@/lib/queries/performance";

const DAY_MS = 86_400_000;
const WEEKS_MIN = 26;

interface Day {
  key: string;
  profit: number;
  trades: number;
}

export function Calendar({ days }: { days: readonly Group[] }) {
  const cells = useMemo(() => squares(days), [days]);
  const place = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: with more days there is another end
  useEffect(() => {
    // Where there is no room for all weeks, the last ones are what one wants to see.
    if (place.current) place.current.scrollLeft = place.current.scrollWidth;
  }, [cells.length]);
  const most = Math.max(1e-9, ...days.map((day) => Math.abs(Number(day.total_profit_loss))));
  const won = days.filter((day) => Number(day.total_profit_loss) > 0).length;
  return (
    <Card
      title="Days"
      end={<span className="dim small num">{`${count(won)} of ${counted(days.length, "day")} won`}</span>}
    >
      <div
        ref={place}
        className="calendar"
        role="img"
        aria-label={`${won} of ${counted(days.length, "day")} with a profit`}
      >
        {cells.map(({ key, profit, trades }) => (
          <i
            key={key}
            title={trades ? `${key}: ${signed(profit)} USDT, ${counted(trades, "trade")}` : key}
            style={trades ? { background: colour(profit, most) } : undefined}
          />
        ))}
      </div>
      <p className="dim small">A column a week, Monday on top; UTC days.</p>
    </Card>
  );
}

function squares(days: readonly Group[]): Day[] {
  const known = new Map(days.map((day) => [day.key, day]));
  const last = Date.parse(dayOf(exchangeTime()));
  const first = Math.min(Date.parse(days[0]?.key ?? "") || last, last - (WEEKS_MIN * 7 - 1) * DAY_MS);
  const monday = first - ((new Date(first).getUTCDay() + 6) % 7) * DAY_MS;
  const cells: Day[] = [];
  for (let at = monday; at <= last; at += DAY_MS) {
    const key = dayOf(at);
    const day = known.get(key);
    cells.push({ key, profit: Number(day?.total_profit_loss ?? 0), trades: day?.total_trades ?? 0 });
  }
  return cells;
}

function colour(profit: number, most: number): string {
  const depth = Math.round(30 + 70 * Math.sqrt(Math.abs(profit) / most));
  return `color-mix(in srgb, var(${profit >= 0 ? "--up" : "--down"}) ${depth}%, var(--panel-2))`;
}
