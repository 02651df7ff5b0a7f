/** Money, fees, limits and fill model of an account; they hold for trades opened from now on. */
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { refusedField } from "@/components/trade/commands";
import { Button } from "@/components/ui/button";
import { Card, Stat, tone } from "@/components/ui/card";
import { NumberField, SelectField, TextField } from "@/components/ui/fields";
import { toast } from "@/components/ui/toasts";
import { api, result, type Schemas } from "@/lib/api/client";
import type { Account } from "@/lib/api/types";
import { money, signed } from "@/lib/format";
import { changed, useEdits } from "@/lib/use-edits";
import { useOpenProfit } from "@/lib/use-open-profit";
import { Money } from "./money";

type Terms = Schemas["Terms"];

export function AccountTab({ account }: { account: Account }) {
  const open = useOpenProfit(account.id);
  return (
    <div className="grid">
      <div className="stats">
        <Stat
          label="Equity"
          explain="Balance and what closing every open trade now would bring, both fees included."
          value={money(open === null ? null : Number(account.balance) + open)}
          note={account.currency}
        />
        <Stat label="Balance" value={money(account.balance)} />
        <Stat label="Reserved" value={money(account.reserved)} note="by live trades" />
        <Stat label="Free" value={money(account.free)} note="for new ones" />
        <Stat label="Open result" value={signed(open)} tone={tone(open)} note="if closed now" />
      </div>
      <div className="grid cols-wide top-aligned">
        <TermsForm account={account} />
        <Money account={account} />
      </div>
    </div>
  );
}

const FILLS = {
  optimistic: "No slippage.",
  realistic: "Half the spread and a tenth of the minute's range.",
  harsh: "Twice the slippage; limits must be traded through.",
} as const;

function TermsForm({ account }: { account: Account }) {
  const kept = draftOf(account);
  const { draft, isChanged, edit, settle } = useEdits(kept);
  const [refusal, setRefusal] = useState<ReturnType<typeof refusedField>>(null);
  const [busy, setBusy] = useState(false);
  const cache = useQueryClient();
  const set = (changes: Partial<typeof draft>) => {
    setRefusal(null);
    edit(changes);
  };
  const errorOf = (field: string) => (refusal?.field === field ? refusal.words : undefined);
  const save = async () => {
    setBusy(true);
    try {
      const body = changed(termsOf(kept), termsOf(draft));
      await result(api.PATCH("/api/accounts/{account_id}", { params: { path: { account_id: account.id } }, body }));
      await cache.invalidateQueries({ queryKey: ["accounts"] });
      settle();
      toast("Kept; it holds for trades from now on", "good");
    } catch (error) {
      setRefusal(refusedField(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Card
      title="Terms"
      end={
        <Button small kind="primary" disabled={!isChanged} busy={busy} onClick={save}>
          Keep changes
        </Button>
      }
    >
      <div className="form">
        <TextField label="Name" value={draft.name} onChange={(name) => set({ name })} error={errorOf("name")} />
        <SelectField
          label="Fill model"
          value={draft.fill}
          onChange={(fill) => set({ fill: fill as keyof typeof FILLS })}
          options={Object.keys(FILLS).map((name) => [name, name] as const)}
          hint={FILLS[draft.fill]}
        />
        <NumberField
          label="Open trades at most"
          hint="Empty: no limit"
          value={draft.trades}
          onChange={(trades) => set({ trades })}
          error={errorOf("max_open_trades")}
        />
        <NumberField
          label="Leverage at most"
          unit="×"
          hint="Empty: the exchange's"
          value={draft.leverage}
          onChange={(leverage) => set({ leverage })}
          error={errorOf("max_leverage")}
        />
        <NumberField
          className="whole"
          label="Notional on one symbol in one direction at most"
          unit="USDT"
          hint="Empty: no limit"
          value={draft.exposure}
          onChange={(exposure) => set({ exposure })}
          error={errorOf("max_symbol_exposure")}
        />
        <NumberField
          label="Spot fee, maker"
          unit="%"
          value={draft.spotMaker}
          onChange={(spotMaker) => set({ spotMaker })}
          error={errorOf("spot_fees")}
        />
        <NumberField
          label="Spot fee, taker"
          unit="%"
          value={draft.spotTaker}
          onChange={(spotTaker) => set({ spotTaker })}
        />
        <NumberField
          label="Perpetual fee, maker"
          unit="%"
          value={draft.futuresMaker}
          onChange={(futuresMaker) => set({ futuresMaker })}
          error={errorOf("futures_fees")}
        />
        <NumberField
          label="Perpetual fee, taker"
          unit="%"
          value={draft.futuresTaker}
          onChange={(futuresTaker) => set({ futuresTaker })}
        />
        {refusal && !refusal.field && <p className="notice notice-bad whole">{refusal.words}</p>}
      </div>
    </Card>
  );
}

/** A fraction as percent and back, exactly: the point moves by two places. */
const toPercent = (fraction: string) => shifted(fraction, 2);
const toFraction = (percent: string) => shifted(percent || "0", -2);

export function shifted(text: string, places: number): string {
  const [whole = "0", rest = ""] = text.split(".");
  const digits = whole.padStart(3, "0") + rest.padEnd(2, "0");
  const point = whole.padStart(3, "0").length + places;
  const left = digits.slice(0, point).replace(/^0+(?=\d)/, "");
  const right = digits.slice(point).replace(/0+$/, "");
  return right ? `${left}.${right}` : left;
}

function draftOf(account: Account) {
  return {
    name: account.name,
    fill: account.fill_model as keyof typeof FILLS,
    trades: account.max_open_trades === null ? "" : String(account.max_open_trades),
    leverage: account.max_leverage === null ? "" : String(account.max_leverage),
    exposure: account.max_symbol_exposure ?? "",
    spotMaker: toPercent(account.spot_fees.maker),
    spotTaker: toPercent(account.spot_fees.taker),
    futuresMaker: toPercent(account.futures_fees.maker),
    futuresTaker: toPercent(account.futures_fees.taker),
  };
}

function termsOf(draft: ReturnType<typeof draftOf>): Terms {
  return {
    name: draft.name,
    fill_model: draft.fill,
    max_open_trades: draft.trades ? Number(draft.trades) : null,
    max_leverage: draft.leverage ? Number(draft.leverage) : null,
    max_symbol_exposure: draft.exposure || null,
    spot_fees: { maker: toFraction(draft.spotMaker), taker: toFraction(draft.spotTaker) },
    futures_fees: { maker: toFraction(draft.futuresMaker), taker: toFraction(draft.futuresTaker) },
  };
}
