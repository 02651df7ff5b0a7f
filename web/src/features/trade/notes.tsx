/** What the reader wants to remember of a trade. */
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { complain, toast } from "@/components/ui/toasts";
import { api, result } from "@/lib/api/client";
import type { Trade } from "@/lib/api/types";
import { applyTrades, readAgain } from "@/lib/queries/trades";

export function Notes({ trade }: { trade: Trade }) {
  const [known, setKnown] = useState(trade.notes);
  const [text, setText] = useState(trade.notes);
  const [busy, setBusy] = useState(false);
  const follow = () => {
    setKnown(trade.notes);
    setText(trade.notes);
  };
  const changed = trade.notes !== known && trade.notes !== text;
  if (trade.notes !== known && !changed) setKnown(trade.notes);
  if (changed && text === known) follow();
  const save = async () => {
    setBusy(true);
    try {
      const noted = await result(
        api.PUT("/api/paper-trades/{trade_id}/notes", {
          params: { path: { trade_id: trade.id }, header: { "If-Match": `${trade.version}` } },
          body: { notes: text },
        }),
      );
      setKnown(noted.notes);
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
      {changed && (
        <p className="dim small" role="status">
          It was written elsewhere meanwhile: “{trade.notes}”. To keep yours replaces it.{" "}
          <Button small onClick={follow}>
            Take that
          </Button>
        </p>
      )}
    </Card>
  );
}
