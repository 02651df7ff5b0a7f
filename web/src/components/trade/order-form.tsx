/** Opening a trade by hand: the order on the left, what it would be on the right, asked of the API while one types. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { NumberField, Segmented, SelectField, TextField } from "@/components/ui/fields";
import type { Direction, Market, NewTrade } from "@/lib/api/types";
import { price, signedPercent } from "@/lib/format";
import { instruments } from "@/lib/queries/market";
import { useQuote } from "@/lib/stream/prices";
import { useFollowed } from "@/lib/stream/source";
import { useDebounced } from "@/lib/use-debounced";
import { openTrade, previewTrade, refusedField } from "./commands";
import { OrderPreview } from "./order-preview";

type Sizing = "position_size" | "equity_percent" | "risk_percent";

interface Draft {
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

const DEBOUNCE_MS = 350;

export function OrderForm({ prefilled = {}, onClose }: { prefilled?: Prefilled; onClose: () => void }) {
  const [draft, setDraft] = useState<Draft>({
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
  const [key] = useState(() => crypto.randomUUID());
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<ReturnType<typeof refusedField>>(null);
  const set = (changes: Partial<Draft>) => {
    setRefusal(null);
    setDraft((known) => ({ ...known, ...changes }));
  };

  const pairs = useQuery(instruments).data ?? [];
  const symbol = draft.symbol.trim().toUpperCase();
  const pair = pairs.find((each) => each.market_type === draft.market && each.symbol === symbol);
  const name = pair ? `${draft.market}:${symbol}` : "";
  useFollowed(name ? [name] : []);
  const quote = useQuote(name || null);
  const order = pair ? orderOf(draft, symbol) : null;
  const asked = useDebounced(order && JSON.stringify(order), DEBOUNCE_MS);
  const preview = useQuery({
    queryKey: ["preview", asked],
    enabled: asked !== null,
    queryFn: ({ signal }) => previewTrade(JSON.parse(asked ?? "{}") as NewTrade, signal),
    retry: false,
    staleTime: 0,
    gcTime: 0,
    placeholderData: (before) => (asked ? before : undefined),
  });
  const refused = refusal ?? (asked ? refusedField(preview.error) : null);
  const errorOf = (...fields: string[]) => (refused && fields.includes(refused.field) ? refused.words : undefined);
  const reference = Number(draft.type === "LIMIT" && draft.entry ? draft.entry : (quote?.last ?? 0));
  const away = (level: string) =>
    level && reference ? `${signedPercent((100 * (Number(level) - reference)) / reference)} from the entry` : "";

  const open = async () => {
    if (!order) return;
    setBusy(true);
    try {
      await openTrade(order, key);
      onClose();
    } catch (error) {
      setRefusal(refusedField(error));
      setBusy(false);
    }
  };

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
          <Segmented
            label="Market"
            value={draft.market}
            onChange={(market) => set({ market })}
            options={[
              { value: "FUTURES", text: "Perpetual" },
              { value: "SPOT", text: "Spot" },
            ]}
          />
          <Segmented
            label="Direction"
            className="sides"
            value={draft.direction}
            onChange={(direction) => set({ direction })}
            options={[
              { value: "LONG", text: "Long", tone: "up" },
              { value: "SHORT", text: "Short", tone: "down" },
            ]}
          />
          <TextField
            label="Pair"
            value={draft.symbol}
            onChange={(value) => set({ symbol: value.toUpperCase() })}
            placeholder="BTCUSDT"
            list="pairs"
            autoComplete="off"
            autoFocus
            hint={quote && pair ? `Last ${price(quote.last, pair.tick_size)}` : undefined}
            error={symbol && pairs.length && !pair ? "No such pair on this market" : errorOf("symbol")}
          />
          <datalist id="pairs">
            {pairs
              .filter((each) => each.market_type === draft.market && each.status === "TRADING")
              .map((each) => (
                <option key={each.instrument_id} value={each.symbol} />
              ))}
          </datalist>
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
            inputMode="decimal"
            autoComplete="off"
            value={draft.targets}
            onChange={(value) => set({ targets: value.replace(/[^0-9., ]/g, "") })}
            placeholder="One, or several in equal parts"
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
          trade={asked ? preview.data : undefined}
          asking={preview.isFetching && !preview.data}
          refusal={refused?.words ?? ""}
        />
      </div>
    </Dialog>
  );
}

function targetsOf(draft: Draft): string[] {
  return draft.targets.split(/[\s,]+/).filter(Boolean);
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
