/** Who of the reader's accounts follows a source, and with which size. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { acting } from "@/components/ui/act";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { NumberField, SelectField } from "@/components/ui/fields";
import { api, result, type Schemas } from "@/lib/api/client";
import type { Account } from "@/lib/api/types";
import { accounts } from "@/lib/queries/market";
import type { Source } from "@/lib/queries/signals";

type Follow = Schemas["Follow"];
type Sizing = "" | "position_size" | "equity_percent" | "risk_percent";

const act = acting("sources");

export function Following({ of }: { of: Source }) {
  const own = useQuery(accounts).data ?? [];
  return (
    <Card title="Following">
      <div className="grid">
        {own.map((account) => (
          <OneAccount
            key={account.id}
            of={of}
            account={account}
            follow={of.follows?.find((each) => each.account_id === account.id)}
          />
        ))}
      </div>
    </Card>
  );
}

function OneAccount({ of, account, follow }: { of: Source; account: Account; follow: Follow | undefined }) {
  const [draft, setDraft] = useState(() => draftOf(follow));
  const path = { path: { source_id: of.id } };
  const isChanged = follow && JSON.stringify(draft) !== JSON.stringify(draftOf(follow));
  const save = () =>
    act(
      () =>
        result(
          api.POST("/api/sources/{source_id}/follow", {
            params: path,
            body: {
              account_id: account.id,
              ...(draft.sizing && draft.size ? { [draft.sizing]: draft.size } : {}),
              ...(draft.leverage ? { leverage_max: Number(draft.leverage) } : {}),
            },
          }),
        ),
      follow ? "Kept; it holds for signals from now on" : `${account.name} takes its signals from now on`,
    );
  const leave = () =>
    act(
      () => result(api.POST("/api/sources/{source_id}/unfollow", { params: path, body: { account_id: account.id } })),
      `${account.name} takes no further signals of it`,
    );
  return (
    <div className="grid">
      <div className="line">
        <label className="check strong">
          <input type="checkbox" checked={Boolean(follow)} onChange={() => (follow ? leave() : save())} />
          {account.name}
        </label>
        {isChanged && (
          <Button small kind="primary" onClick={save}>
            Keep
          </Button>
        )}
      </div>
      {follow && (
        <div className="form form-3">
          <SelectField
            label="Size by"
            value={draft.sizing}
            onChange={(sizing) => setDraft({ ...draft, sizing: sizing as Sizing })}
            options={[
              ["", "Source"],
              ["position_size", "Margin"],
              ["equity_percent", "Equity"],
              ["risk_percent", "Risk"],
            ]}
          />
          <NumberField
            label="Size"
            unit={draft.sizing === "position_size" || !draft.sizing ? "USDT" : "%"}
            disabled={!draft.sizing}
            value={draft.size}
            onChange={(size) => setDraft({ ...draft, size })}
          />
          <NumberField
            label="Leverage max"
            unit="×"
            placeholder="any"
            value={draft.leverage}
            onChange={(leverage) => setDraft({ ...draft, leverage: leverage.replace(".", "") })}
          />
        </div>
      )}
    </div>
  );
}

function draftOf(follow: Follow | undefined) {
  const own = follow?.overrides;
  const sizing: Sizing = own?.position_size
    ? "position_size"
    : own?.equity_percent
      ? "equity_percent"
      : own?.risk_percent
        ? "risk_percent"
        : "";
  return { sizing, size: (sizing && own?.[sizing]) || "", leverage: own?.leverage_max ? String(own.leverage_max) : "" };
}
