/** A scorecard's figures: how sure they are, and what else the money could have done. */
import { Stat, tone } from "@/components/ui/card";
import { counted, DASH, duration, percent, ratio, signed } from "@/lib/format";
import type { Scorecard } from "@/lib/queries/signals";
import { FEW } from "./row";

export function CardFigures({ of }: { of: Scorecard }) {
  const { total, bitcoin, random_entries: chance } = of;
  const { win_rate_interval: wins, expectancy_interval: gain } = total;
  const hours = total.average_duration_hours;
  return (
    <>
      {total.small_sample && (
        <p className="notice notice-warn">
          {counted(total.total_trades, "closed trade")}: with fewer than {FEW} these figures say little, whatever they
          are.
        </p>
      )}
      <div className="stats">
        <Stat
          label="Result"
          value={signed(total.total_profit_loss)}
          tone={tone(total.total_profit_loss)}
          note={counted(total.total_trades, "trade")}
        />
        <Stat
          label="Win rate"
          explain="Share of trades above zero. Below it, where the true share lies with 95 % confidence (Wilson)."
          value={percent(total.win_rate, 1)}
          note={wins ? `${percent(wins.low, 0)} to ${percent(wins.high, 0)}` : DASH}
        />
        <Stat
          label="Expectancy"
          explain="USDT a trade. Below it, the 95 % interval (Student): if zero is inside, nothing is proven."
          value={signed(total.expectancy)}
          tone={tone(total.expectancy)}
          note={gain ? `${signed(gain.low)} to ${signed(gain.high)}` : DASH}
        />
        <Stat label="Profit factor" value={ratio(total.profit_factor)} note={`payoff ${ratio(total.payoff_ratio)}`} />
        <Stat
          label="Average R"
          value={signed(total.average_r_multiple)}
          tone={tone(total.average_r_multiple)}
          note={`sum ${signed(total.total_r_multiple, 1)}`}
        />
        <Stat
          label="Bitcoin instead"
          explain="Each trade's money held in BTC from its entry to its exit, without fees."
          value={bitcoin ? signed(bitcoin.profit_loss) : DASH}
          tone={tone(bitcoin?.profit_loss)}
          note={bitcoin ? `the source ${signed(bitcoin.source_profit_loss)}` : "no candles"}
        />
        <Stat
          label="Better than chance"
          explain="Share of runs of random entries of equal risk on the same pairs that it beats. Near 50 % is luck."
          value={chance ? percent(chance.beaten_share, 0) : DASH}
          note={chance ? `chance ${signed(chance.random_mean_r)} R` : "no candles"}
        />
        <Stat
          label="Held on average"
          value={duration(hours === null ? null : Number(hours) * 3600)}
          note={`ambiguous ${percent(total.ambiguous_share, 1)}`}
        />
      </div>
    </>
  );
}
