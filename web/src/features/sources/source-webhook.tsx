/** The address that alerts are posted to. */
import { useState } from "react";
import { acting } from "@/components/ui/act";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { Confirm } from "@/components/ui/confirm";
import { Secret } from "@/components/ui/secret";
import { api, result } from "@/lib/api/client";
import type { Source } from "@/lib/queries/signals";

const act = acting("sources");

export function SourceWebhook({ of }: { of: Source }) {
  const [address, setAddress] = useState("");
  const [asking, ask] = useState(false);
  const make = async () => {
    const path = { path: { source_id: of.id } };
    const made = await result(api.POST("/api/sources/{source_id}/rotate_secret", { params: path }));
    setAddress(`${location.origin}${made.path}`);
  };
  return (
    <Card title="Webhook for alerts">
      <div className="grid">
        <p className="dim small">TradingView, 3Commas, JSON and key=value text are understood.</p>
        {address ? (
          <Secret label="Post alerts to" text={address} />
        ) : (
          <div>
            <Button onClick={() => (of.has_secret ? ask(true) : act(make, "An address is made"))}>
              {of.has_secret ? "Make a new address" : "Make an address"}
            </Button>
          </div>
        )}
      </div>
      {asking && (
        <Confirm title="Make a new address?" action="Make it" danger onConfirm={make} onClose={() => ask(false)}>
          <p>The address before is worth nothing from then on: alerts that go there are turned away.</p>
        </Confirm>
      )}
    </Card>
  );
}
