/** What the reader wants to remember of a trade. */
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { complain, toast } from "@/components/ui/toasts";
import { api, result } from "@/lib/api/client";
import type { Trade } from "@/lib/api/types";
import { applyTrades, readAgain } from "@/lib/queries/trades";

export function Notes({ trade }: { trade: Trade }) {
  const [text, setText] = useState(trade.notes);
  const [busy, setBusy] = useState(false);
  const save = async () => {
    setBusy(true);
    try {
      const noted = await result(
        api.PUT("/api/paper-trades/{trade_id}/notes", {
          params: { path: { trade_id: trade.id }, header: { "If-Match": `${trade.version}` } },
          body: { notes: text },
        }),
      );
      applyTrades([noted]);
      toast("Note kept", "good");
    } catch (error) {
      complain(error);
      readAgain(trade.id);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Card
      title="Notes"
      end={
        <Button small disabled={text === trade.notes} busy={busy} onClick={save}>
          Keep
        </Button>
      }
    >
      <textarea
        className="textarea"
        aria-label="Notes"
        maxLength={4000}
        placeholder="Why this trade, and what it taught"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
    </Card>
  );
}
