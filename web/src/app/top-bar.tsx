/** Mode, equity, today, and the open result, always in sight. */
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useMemo } from "react";
import { Button } from "@/components/ui/button";
import { tone } from "@/components/ui/card";
import { money, signed } from "@/lib/format";
import { accounts } from "@/lib/queries/market";
import { liveTrades } from "@/lib/queries/trades";
import { prices, usePriceVersion } from "@/lib/stream/prices";
import { pairOf, unrealized } from "@/lib/trades";
import { useMode } from "./mode";
import { ThemeButton } from "./theme-button";
import { UserMenu } from "./user-menu";

export function TopBar({ onNewTrade, connection }: { onNewTrade: () => void; connection: ReactNode }) {
  const mode = useMode();
  return (
    <header className="top">
      <span className={`mode mode-${mode}`}>{mode === "live" ? "LIVE" : "PAPER"}</span>
      <Figures />
      <div className="top-end">
        {connection}
        <ThemeButton />
        <UserMenu />
        <Button kind="primary" icon="plus" onClick={onNewTrade} aria-label="New trade" title="New trade (n)">
          <span className="wide">New trade</span>
        </Button>
      </div>
    </header>
  );
}

function Figures() {
  const { data } = useQuery(accounts);
  const open = useOpenProfit();
  const sum = (pick: "balance" | "free") => data?.reduce((total, account) => total + Number(account[pick]), 0);
  const balance = sum("balance");
  return (
    <div className="top-figures">
      <Figure label="Equity" value={balance === undefined ? null : money(balance + (open ?? 0))} />
      <Figure label="Open result" value={open === null ? null : signed(open)} className={tone(open)} />
      <Figure label="Free" value={money(sum("free"))} optional />
    </div>
  );
}

function Figure({
  label,
  value,
  className = "",
  optional,
}: {
  label: string;
  value: string | null;
  className?: string;
  optional?: boolean;
}) {
  return (
    <div className={`top-figure${optional ? " optional" : ""}`}>
      <span>{label}</span>
      <span className={`num ${className}`}>{value ?? "–"}</span>
    </div>
  );
}

/** The sum over all open trades at the last quotes, in USDT; null until they are known. */
function useOpenProfit(): number | null {
  const { data } = useQuery(liveTrades);
  const version = usePriceVersion();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the board is the same object with newer quotes
  return useMemo(
    () => data?.trades.reduce((sum, trade) => sum + (unrealized(trade, prices.get(pairOf(trade))) ?? 0), 0) ?? null,
    [data, version],
  );
}
