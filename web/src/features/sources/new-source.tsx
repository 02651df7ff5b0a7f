/** Making a source for one's own signals. */
import { useQueryClient } from "@tanstack/react-query";
import { errorsOf, useDraft } from "@/components/trade/use-draft";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { NumberField, TextField } from "@/components/ui/fields";
import { api, result } from "@/lib/api/client";

export function NewSource({ onClose }: { onClose: () => void }) {
  const { draft, set, busy, refusal, send } = useDraft({ name: "", stop: "2", target: "4", leverage: "5" });
  const cache = useQueryClient();
  const errorOf = errorsOf(refusal);
  const make = () =>
    send(async () => {
      await result(
        api.POST("/api/sources", {
          body: {
            name: draft.name,
            ...(draft.stop ? { stop_loss_percent: draft.stop } : {}),
            ...(draft.target ? { take_profit_percent: draft.target } : {}),
            ...(draft.leverage ? { leverage_max: Number(draft.leverage) } : {}),
          },
        }),
      );
      void cache.invalidateQueries({ queryKey: ["sources"] });
      onClose();
    });
  return (
    <Dialog
      title="New source"
      onClose={onClose}
      foot={
        <>
          <Button onClick={onClose}>Discard</Button>
          <Button kind="primary" busy={busy} disabled={!draft.name} onClick={make}>
            Make it and follow it
          </Button>
        </>
      }
    >
      <div className="form">
        <TextField
          className="whole"
          label="Name"
          hint="It stays: trades bear it."
          value={draft.name}
          onChange={(name) => set({ name })}
          error={errorOf("name")}
          autoFocus
        />
        <NumberField
          label="Stop where a signal has none"
          unit="%"
          value={draft.stop}
          onChange={(stop) => set({ stop })}
          error={errorOf("stop_loss_percent")}
        />
        <NumberField
          label="Target where a signal has none"
          unit="%"
          value={draft.target}
          onChange={(target) => set({ target })}
          error={errorOf("take_profit_percent")}
        />
        <NumberField
          label="Leverage at most"
          unit="×"
          value={draft.leverage}
          onChange={(leverage) => set({ leverage: leverage.replace(".", "") })}
          error={errorOf("leverage_max")}
        />
      </div>
      {refusal && !refusal.field && <p className="notice notice-bad">{refusal.words}</p>}
    </Dialog>
  );
}
