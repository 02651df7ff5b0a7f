/** Moving stop and targets of a live trade, with what the new place means before it is ordered. */
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { NumberField } from "@/components/ui/fields";
import type { EditTrade, Trade } from "@/lib/api/types";
import { signedPercent } from "@/lib/format";
import { useQuote } from "@/lib/stream/prices";
import { exitQuote, pairOf, sign, targetsAhead } from "@/lib/trades";
import { editTrade, refusedField } from "./commands";
import { Reach } from "./live";

export function EditPlan({ trade: present, onClose }: { trade: Trade; onClose: () => void }) {
  const [trade] = useState(present); // what one moves is the plan as one saw it: of another the API refuses it
  const ahead = targetsAhead(trade);
  const [stop, setStop] = useState(trade.stop_loss);
  const [targets, setTargets] = useState(ahead.map((target) => target.price));
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<ReturnType<typeof refusedField>>(null);
  const at = exitQuote(trade, useQuote(pairOf(trade))) ?? Number(trade.current_price ?? trade.entry_price);
  const away = (level: string) => (level ? `${signedPercent((100 * (Number(level) - at)) / at)} from the price` : "");
  const moved: EditTrade = {};
  if (stop !== trade.stop_loss) moved.stop_loss = stop;
  if (targets.some((target, place) => target !== ahead[place]?.price)) {
    moved.take_profits = targets.map((price, place) => ({ price, fraction: ahead[place]?.fraction ?? "1" }));
  }
  const save = async () => {
    setBusy(true);
    try {
      await editTrade(trade, moved);
      onClose();
    } catch (error) {
      setRefusal(refusedField(error));
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={`Move stop and targets: ${trade.symbol} ${sign(trade) > 0 ? "long" : "short"}`}
      onClose={onClose}
      foot={
        <>
          <Button onClick={onClose}>Keep as it is</Button>
          <Button kind="primary" busy={busy} disabled={!Object.keys(moved).length} onClick={save}>
            Move
          </Button>
        </>
      }
    >
      <div className="grid">
        <Reach trade={trade} ends />
        <div className="form">
          <NumberField
            label="Stop"
            value={stop}
            onChange={setStop}
            hint={away(stop)}
            error={refusal?.field === "stop_loss" ? refusal.words : undefined}
          />
          {targets.map((target, place) => (
            <NumberField
              // biome-ignore lint/suspicious/noArrayIndexKey: a target is known by its place
              key={place}
              label={targets.length > 1 ? `Target ${place + 1}` : "Target"}
              value={target}
              onChange={(value) => setTargets(targets.map((known, other) => (other === place ? value : known)))}
              hint={away(target)}
              error={refusal?.field.startsWith("take_profit") && place === 0 ? refusal.words : undefined}
            />
          ))}
        </div>
        {refusal && refusal.field !== "stop_loss" && !refusal.field.startsWith("take_profit") && (
          <p className="notice notice-bad" role="alert">
            {refusal.words}
          </p>
        )}
      </div>
    </Dialog>
  );
}
