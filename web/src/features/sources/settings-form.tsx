/** How a source's signals are taken; what is changed holds for signals from now on. */
import { useState } from "react";
import { refusedField } from "@/components/trade/commands";
import { acting } from "@/components/ui/act";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { NumberField } from "@/components/ui/fields";
import { api, result, type Schemas } from "@/lib/api/client";
import { queryClient } from "@/lib/queries/client";
import { type Source, source } from "@/lib/queries/signals";
import { changed, useEdits } from "@/lib/use-edits";

const act = acting("sources");

export function SettingsForm({ of }: { of: Source }) {
  const kept = draftOf(of);
  const { draft, isChanged, edit, settle } = useEdits(kept);
  const [refusal, setRefusal] = useState<ReturnType<typeof refusedField>>(null);
  const set = (changes: Partial<typeof draft>) => {
    setRefusal(null);
    edit(changes);
  };
  const errorOf = (field: string) => (refusal?.field === field ? refusal.words : undefined);
  const save = () =>
    act(async () => {
      try {
        const path = { path: { source_id: of.id } };
        const body = changed(changesOf(kept), changesOf(draft));
        const now = await result(api.PATCH("/api/sources/{source_id}", { params: path, body }));
        queryClient.setQueryData(source(of.id).queryKey, now);
        settle();
      } catch (error) {
        setRefusal(refusedField(error));
        throw error;
      }
    }, "Kept; it holds for signals from now on");
  return (
    <Card
      title="How its signals are taken"
      end={
        <Button small kind="primary" disabled={!isChanged} onClick={save}>
          Keep changes
        </Button>
      }
    >
      <div className="grid">
        <div className="check-list">
          <Check is={draft.auto} text="They become trades by themselves" onChange={(auto) => set({ auto })} />
          <Check is={draft.isPublic} text="Anybody may read and follow it" onChange={(isPublic) => set({ isPublic })} />
        </div>
        <div className="form">
          <NumberField
            label="Stop where there is none"
            unit="%"
            value={draft.stop}
            onChange={(stop) => set({ stop })}
            error={errorOf("stop_loss_percent")}
          />
          <NumberField
            label="Target where there is none"
            unit="%"
            value={draft.target}
            onChange={(target) => set({ target })}
            error={errorOf("take_profit_percent")}
          />
          <NumberField
            label="Margin where there is none"
            unit="USDT"
            placeholder="100"
            value={draft.size}
            onChange={(size) => set({ size })}
            error={errorOf("position_size")}
          />
          <NumberField
            label="Leverage at most"
            unit="×"
            placeholder="any"
            value={draft.leverage}
            onChange={(leverage) => set({ leverage: leverage.replace(".", "") })}
            error={errorOf("leverage_max")}
          />
          <NumberField
            label="May be traded for"
            unit="s"
            value={draft.lag}
            onChange={(lag) => set({ lag: lag.replace(".", "") })}
            error={errorOf("max_lag_seconds")}
          />
          <NumberField
            label="The same again within"
            unit="s"
            value={draft.again}
            onChange={(again) => set({ again: again.replace(".", "") })}
            error={errorOf("dedup_seconds")}
          />
        </div>
      </div>
    </Card>
  );
}

function Check({ is, text, onChange }: { is: boolean; text: string; onChange: (is: boolean) => void }) {
  return (
    <label className="check">
      <input type="checkbox" checked={is} onChange={(event) => onChange(event.target.checked)} />
      {text}
    </label>
  );
}

function draftOf(of: Source) {
  return {
    auto: of.auto_trade ?? true,
    isPublic: of.is_public ?? false,
    stop: of.stop_loss_percent ?? "",
    target: of.take_profit_percent ?? "",
    size: of.position_size ?? "",
    leverage: of.leverage_max ? String(of.leverage_max) : "",
    lag: String(of.max_lag_seconds ?? 300),
    again: String(of.dedup_seconds ?? 60),
  };
}

function changesOf(draft: ReturnType<typeof draftOf>): Schemas["EditSource"] {
  return {
    auto_trade: draft.auto,
    is_public: draft.isPublic,
    stop_loss_percent: draft.stop || null,
    take_profit_percent: draft.target || null,
    position_size: draft.size || null,
    leverage_max: draft.leverage ? Number(draft.leverage) : null,
    max_lag_seconds: Number(draft.lag),
    dedup_seconds: Number(draft.again),
  };
}
