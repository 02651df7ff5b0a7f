/** Mode, equity, today, and the open result, always in sight. */
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Button } from "@/components/ui/button";
import { tone } from "@/components/ui/card";
import { money, signed } from "@/lib/format";
import { accounts } from "@/lib/queries/market";
import { useOpenProfit } from "@/lib/use-open-profit";
import { useMode } from "./mode";
import { ThemeButton } from "./theme-button";
import { UserMenu } from "./user-menu";

export function TopBar({ onNewTrade, connection }: { onNewTrade: () => void; connection: ReactNode }) {
  const mode = useMode();
  return (
    <header className="top">
      <span className={`mode mode-${mode}`}>{mode.toUpperCase()}</span>
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
      <Figure label="Equity" value={balance === undefined || open === null ? null : money(balance + open)} />
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
