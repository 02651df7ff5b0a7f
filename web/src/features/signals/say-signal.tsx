/** Saying a signal by hand, with what it would do on each account that follows. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { refusedField } from "@/components/trade/commands";
import { PairFields, usePair } from "@/components/trade/pair-fields";
import { errorsOf, useDraft } from "@/components/trade/use-draft";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { NumberField, SelectField, TextField } from "@/components/ui/fields";
import { toast } from "@/components/ui/toasts";
import { onceKey } from "@/lib/once";
import { saySignal, sources, validateSignal } from "@/lib/queries/signals";
import { usePreview } from "@/lib/use-preview";
import { type Draft, EMPTY, signalOf } from "./draft";
import { WouldDo } from "./would-do";

export function SaySignal({ onClose }: { onClose: () => void }) {
  const { draft, set, busy, refusal, send } = useDraft<Draft>(EMPTY);
  const [key] = useState(onceKey);
  const cache = useQueryClient();
  const own = useQuery(sources).data?.filter((source) => source.is_own) ?? [];
  const of = usePair(draft);
  const said = of.pair ? signalOf(draft) : null;
  const { preview, isAsked } = usePreview("validation", said, validateSignal);
  const refused = refusal ?? (isAsked ? refusedField(preview.error) : null);
  const errorOf = errorsOf(refused);
  const unit = draft.by === "percent" ? "%" : "USDT";
  const say = () =>
    said &&
    send(async () => {
      const stored = await saySignal(said, key);
      toast(`Signal No. ${stored.id} is said`, "good");
      for (const each of ["signals", "sources"]) void cache.invalidateQueries({ queryKey: [each] });
      onClose();
    });
  return (
    <Dialog
      title="Say a signal"
      wide
      onClose={onClose}
      foot={
        <>
          <Button onClick={onClose}>Discard</Button>
          <Button kind="primary" busy={busy} disabled={!said || !preview.data} onClick={say}>
            Say it
          </Button>
        </>
      }
    >
      <div className="order">
        <div className="form">
          <PairFields way={draft} of={of} set={set} error={errorOf("symbol")} />
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
        <WouldDo of={isAsked ? preview.data : undefined} refusal={refused?.words ?? ""} asking={preview.isFetching} />
      </div>
    </Dialog>
  );
}
