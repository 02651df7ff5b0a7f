/** Saying a signal by hand, with what it would do on each account that follows. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { refusedField } from "@/components/trade/commands";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { NumberField, Segmented, SelectField, TextField } from "@/components/ui/fields";
import { toast } from "@/components/ui/toasts";
import { price } from "@/lib/format";
import { instruments } from "@/lib/queries/market";
import { type PostedSignal, saySignal, sources, validateSignal } from "@/lib/queries/signals";
import { useQuote } from "@/lib/stream/prices";
import { useFollowed } from "@/lib/stream/source";
import { useDebounced } from "@/lib/use-debounced";
import { type Draft, EMPTY, signalOf } from "./draft";
import { WouldDo } from "./would-do";

const DEBOUNCE_MS = 400;

export function SaySignal({ onClose }: { onClose: () => void }) {
  const [draft, setDraft] = useState<Draft>(EMPTY);
  const [key] = useState(() => crypto.randomUUID());
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<ReturnType<typeof refusedField>>(null);
  const cache = useQueryClient();
  const set = (changes: Partial<Draft>) => {
    setRefusal(null);
    setDraft((known) => ({ ...known, ...changes }));
  };
  const pairs = useQuery(instruments).data ?? [];
  const own = useQuery(sources).data?.filter((source) => source.is_own) ?? [];
  const pair = pairs.find((each) => each.market_type === draft.market && each.symbol === draft.symbol);
  const name = pair ? `${draft.market}:${draft.symbol}` : "";
  useFollowed(name ? [name] : []);
  const quote = useQuote(name || null);
  const said = pair ? signalOf(draft) : null;
  const asked = useDebounced(said && JSON.stringify(said), DEBOUNCE_MS);
  const preview = useQuery({
    queryKey: ["validation", asked],
    enabled: asked !== null,
    queryFn: ({ signal }) => validateSignal(JSON.parse(asked ?? "{}") as PostedSignal, signal),
    retry: false,
    staleTime: 0,
    gcTime: 0,
    placeholderData: (before) => (asked ? before : undefined),
  });
  const refused = refusal ?? (asked ? refusedField(preview.error) : null);
  const errorOf = (...fields: string[]) => (refused && fields.includes(refused.field) ? refused.words : undefined);
  const unit = draft.by === "percent" ? "%" : "USDT";
  const send = async () => {
    if (!said) return;
    setBusy(true);
    try {
      const stored = await saySignal(said, key);
      toast(`Signal No. ${stored.id} is said`, "good");
      for (const each of ["signals", "sources"]) void cache.invalidateQueries({ queryKey: [each] });
      onClose();
    } catch (error) {
      setRefusal(refusedField(error));
      setBusy(false);
    }
  };
  return (
    <Dialog
      title="Say a signal"
      wide
      onClose={onClose}
      foot={
        <>
          <Button onClick={onClose}>Discard</Button>
          <Button kind="primary" busy={busy} disabled={!said || !preview.data} onClick={send}>
            Say it
          </Button>
        </>
      }
    >
      <div className="order">
        <div className="form">
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
            list="signal-pairs"
            autoComplete="off"
            autoFocus
            placeholder="BTCUSDT"
            value={draft.symbol}
            onChange={(symbol) => set({ symbol: symbol.toUpperCase().trim() })}
            hint={quote && pair ? `Last ${price(quote.last, pair.tick_size)}` : undefined}
            error={draft.symbol && pairs.length && !pair ? "No such pair on this market" : errorOf("symbol")}
          />
          <datalist id="signal-pairs">
            {pairs
              .filter((each) => each.market_type === draft.market && each.status === "TRADING")
              .map((each) => (
                <option key={each.instrument_id} value={each.symbol} />
              ))}
          </datalist>
          <TextField
            label="Source"
            list="own-sources"
            autoComplete="off"
            hint="Made at first use, followed by your account"
            value={draft.source}
            onChange={(source) => set({ source })}
            error={errorOf("source")}
          />
          <datalist id="own-sources">
            {own.map((source) => (
              <option key={source.id} value={source.name} />
            ))}
          </datalist>
          <SelectField
            label="Stop and target by"
            value={draft.by}
            onChange={(by) => set({ by: by as Draft["by"], stop: "", target: "" })}
            options={[
              ["percent", "Percent from the entry"],
              ["price", "Price"],
            ]}
          />
          <NumberField
            label="Limit"
            unit="USDT"
            placeholder="At the market"
            value={draft.limit}
            onChange={(limit) => set({ limit })}
            error={errorOf("entry_price")}
          />
          <NumberField
            label="Stop"
            unit={unit}
            value={draft.stop}
            onChange={(stop) => set({ stop })}
            error={errorOf("stop_loss_percent", "stop_loss")}
          />
          <NumberField
            label="Target"
            unit={unit}
            value={draft.target}
            onChange={(target) => set({ target })}
            error={errorOf("take_profit_percent", "take_profit", "take_profits")}
          />
          <NumberField
            label="Margin"
            unit="USDT"
            placeholder="As the source has it"
            value={draft.size}
            onChange={(size) => set({ size })}
            error={errorOf("position_size")}
          />
          <NumberField
            label="Leverage"
            unit="×"
            disabled={draft.market === "SPOT"}
            value={draft.market === "SPOT" ? "1" : draft.leverage}
            onChange={(leverage) => set({ leverage: leverage.replace(".", "") })}
            error={errorOf("leverage")}
          />
          <TextField className="whole" label="Note" value={draft.notes} onChange={(notes) => set({ notes })} />
        </div>
        <WouldDo of={asked ? preview.data : undefined} refusal={refused?.words ?? ""} asking={preview.isFetching} />
      </div>
    </Dialog>
  );
}
