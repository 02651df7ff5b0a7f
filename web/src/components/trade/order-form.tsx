/** Opening a trade by hand: the order on the left, what it would be on the right, asked of the API while one types. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { NumberField, SelectField, TextField } from "@/components/ui/fields";
import type { Direction, Market, NewTrade } from "@/lib/api/types";
import { signedPercent, typedNumbers } from "@/lib/format";
import { onceKey } from "@/lib/once";
import { accounts } from "@/lib/queries/market";
import { usePreview } from "@/lib/use-preview";
import { openTrade, previewTrade, refusedField } from "./commands";
import { OrderPreview } from "./order-preview";
import { PairFields, usePair } from "./pair-fields";
import { errorsOf, useDraft } from "./use-draft";

type Sizing = "position_size" | "equity_percent" | "risk_percent";

interface Draft {
  /** Its id; empty for the reader's first. */
  account: string;
  market: Market;
  symbol: string;
  direction: Direction;
  type: "MARKET" | "LIMIT";
  entry: string;
  stop: string;
  targets: string;
  sizing: Sizing;
  size: string;
  leverage: string;
  breakEven: boolean;
  notes: string;
}

export interface Prefilled {
  market?: Market;
  symbol?: string;
}

export function OrderForm({ prefilled = {}, onClose }: { prefilled?: Prefilled; onClose: () => void }) {
  const { draft, set, busy, refusal, send } = useDraft<Draft>({
    account: "",
    market: prefilled.market ?? "FUTURES",
    symbol: prefilled.symbol ?? "",
    direction: "LONG",
    type: "MARKET",
    entry: "",
    stop: "",
    targets: "",
    sizing: "position_size",
    size: "100",
    leverage: "5",
    breakEven: false,
    notes: "",
  });
  const own = useQuery(accounts).data ?? [];
  const [key] = useState(onceKey);
  const of = usePair(draft);
  const { pair, quote } = of;
  const order = pair ? orderOf(draft, draft.symbol) : null;
  const { preview, isAsked } = usePreview("preview", order, previewTrade);
  const refused = refusal ?? (isAsked ? refusedField(preview.error) : null);
  const errorOf = errorsOf(refused);
  const reference = Number(draft.type === "LIMIT" && draft.entry ? draft.entry : (quote?.last ?? 0));
  const away = (level: string) =>
    level && reference ? `${signedPercent((100 * (Number(level) - reference)) / reference)} from the entry` : "";

  const open = () =>
    order &&
    send(async () => {
      await openTrade(order, key);
      onClose();
    });

  return (
    <Dialog
      wide
      title="New paper trade"
      onClose={onClose}
      foot={
        <>
          <Button onClick={onClose}>Discard</Button>
          <Button kind="primary" busy={busy} disabled={!order || !preview.data} onClick={open}>
            {draft.type === "LIMIT" ? "Place order" : "Open trade"}
          </Button>
        </>
      }
    >
      <div className="order">
        <form
          className="form"
          onSubmit={(event) => {
            event.preventDefault();
            if (preview.data) void open();
          }}
        >
          {own.length > 1 && (
            <SelectField
              className="whole"
              label="Account"
              value={draft.account || String(own[0]?.id)}
              onChange={(account) => set({ account })}
              options={own.map(({ id, name, mode }) => [String(id), mode === "live" ? `${name}, live` : name] as const)}
              error={errorOf("account_id")}
            />
          )}
          <PairFields way={draft} of={of} set={set} error={errorOf("symbol")} />
          <SelectField
            label="Entry"
            value={draft.type}
            onChange={(type) => set({ type: type as Draft["type"] })}
            options={[
              ["MARKET", "At the market"],
              ["LIMIT", "At a limit"],
            ]}
          />
          {draft.type === "LIMIT" && (
            <NumberField
              className="whole"
              label="Limit price"
              value={draft.entry}
              onChange={(entry) => set({ entry })}
              error={errorOf("entry_price")}
            />
          )}
          <NumberField
            label="Stop"
            value={draft.stop}
            onChange={(stop) => set({ stop })}
            hint={away(draft.stop)}
            error={errorOf("stop_loss")}
          />
          <TextField
            label="Targets"
            autoComplete="off"
            value={draft.targets}
            onChange={(value) => set({ targets: typedNumbers(value) })}
            placeholder="One, or several apart by spaces"
            hint={away(targetsOf(draft)[0] ?? "")}
            error={errorOf("take_profit", "take_profits")}
          />
          <SelectField
            label="Size by"
            value={draft.sizing}
            onChange={(sizing) => set({ sizing: sizing as Sizing, size: sizing === "position_size" ? "100" : "1" })}
            options={[
              ["position_size", "Margin"],
              ["equity_percent", "Share of equity"],
              ["risk_percent", "Risk at the stop"],
            ]}
          />
          <NumberField
            label="Size"
            unit={draft.sizing === "position_size" ? "USDT" : "%"}
            value={draft.size}
            onChange={(size) => set({ size })}
            error={errorOf("position_size", "equity_percent", "risk_percent")}
          />
          <NumberField
            label="Leverage"
            unit="×"
            value={draft.market === "SPOT" ? "1" : draft.leverage}
            disabled={draft.market === "SPOT"}
            onChange={(leverage) => set({ leverage: leverage.replace(".", "") })}
            error={errorOf("leverage")}
          />
          <TextField label="Note" value={draft.notes} onChange={(notes) => set({ notes })} error={errorOf("notes")} />
          <label className="check whole">
            <input
              type="checkbox"
              checked={draft.breakEven}
              onChange={(event) => set({ breakEven: event.target.checked })}
            />
            Move the stop to the entry after the first target
          </label>
          <button type="submit" hidden />
        </form>
        <OrderPreview
          trade={isAsked ? preview.data : undefined}
          asking={preview.isFetching && !preview.data}
          refusal={refused?.words ?? ""}
        />
      </div>
    </Dialog>
  );
}

function targetsOf(draft: Draft): string[] {
  return draft.targets.split(" ").filter(Boolean);
}

/** The body of the request; null while something is missing. */
function orderOf(draft: Draft, symbol: string): NewTrade | null {
  const targets = targetsOf(draft);
  if (!draft.stop || !targets.length || !draft.size || (draft.type === "LIMIT" && !draft.entry)) return null;
  const order: NewTrade = {
    market_type: draft.market,
    symbol,
    direction: draft.direction,
    entry_type: draft.type,
    stop_loss: draft.stop,
    take_profits: targets.map((target, place) => ({ price: target, fraction: equalPart(targets.length, place) })),
    leverage: draft.market === "SPOT" ? 1 : Number(draft.leverage || 1),
    source: "dashboard",
    [draft.sizing]: draft.size,
  };
  if (draft.account) order.account_id = Number(draft.account);
  if (draft.type === "LIMIT") order.entry_price = draft.entry;
  if (draft.breakEven) order.break_even_after = 1;
  if (draft.notes) order.notes = draft.notes;
  return order;
}

/** Parts that sum to exactly 1: what does not divide goes to the last. */
function equalPart(count: number, place: number): string {
  const part = Math.floor(10_000 / count);
  const value = place === count - 1 ? 10_000 - part * (count - 1) : part;
  return String(value / 10_000);
}
