/** Equity, today, and what is open, in figures. */
import { useQuery } from "@tanstack/react-query";
import { Stat, tone } from "@/components/ui/card";
import { count, DASH, money, percent, signed, signedPercent } from "@/lib/format";
import { accounts } from "@/lib/queries/market";
import { performance } from "@/lib/queries/performance";
import { liveTrades } from "@/lib/queries/trades";
import { useOpenProfit } from "@/lib/use-open-profit";

export function Figures() {
  const { data } = useQuery(accounts);
  const live = useQuery(liveTrades).data?.trades;
  const today = useQuery(performance({ days: 1 })).data;
  const open = useOpenProfit();
  const balance = data?.reduce((sum, account) => sum + Number(account.balance), 0);
  const reserved = data?.reduce((sum, account) => sum + Number(account.reserved), 0);
  const openCount = live?.filter((trade) => trade.status === "OPEN").length;
  const equity = balance === undefined || open === null ? null : balance + open;
  return (
    <div className="stats">
      <Stat
        label="Equity"
        explain="Balance and what closing every open trade now would bring, both fees included."
        value={money(equity)}
        note="USDT"
      />
      <Stat
        label="Today (UTC)"
        explain="Results of the trades that closed on this UTC day, after fees and funding."
        value={signed(today?.total_profit_loss)}
        tone={tone(today?.total_profit_loss)}
        note={
          today
            ? `${count(today.total_trades)} closed${today.win_rate === null ? "" : `, ${percent(today.win_rate, 0)} won`}`
            : DASH
        }
      />
      <Stat
        label="Open result"
        value={signed(open)}
        tone={tone(open)}
        note={`${count(openCount)} open${equity && open !== null ? `, ${signedPercent((100 * open) / equity)}` : ""}`}
      />
      <Stat label="Balance" value={money(balance)} note={`${money(reserved)} reserved`} />
      <Stat
        label="In use"
        explain="Share of the balance that live trades hold back as margin."
        value={balance ? percent((100 * (reserved ?? 0)) / balance, 1) : DASH}
        note="of the balance"
      />
    </div>
  );
}
