/** Paper or live: what it means, the steps to live with their guards, the way back, and who did it when. */
import { queryOptions, useQuery } from "@tanstack/react-query";
import { Time } from "@/components/trade/labels";
import { acting } from "@/components/ui/act";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { Icon } from "@/components/ui/icons";
import { Answer } from "@/components/ui/states";
import { api, result, type Schemas } from "@/lib/api/client";
import type { Account } from "@/lib/api/types";
import { duration, words } from "@/lib/format";
import { useNow } from "@/lib/use-now";
import { GoLive } from "./go-live";
import { webhooks } from "./outlets";

export type ModeView = Schemas["ModeView"];

const mode = (account: number) =>
  queryOptions({
    queryKey: ["mode", account],
    refetchInterval: 15_000,
    queryFn: ({ signal }) =>
      result(api.GET("/api/accounts/{account_id}/mode", { params: { path: { account_id: account } }, signal })),
  });

export function ModeTab({ account }: { account: Account }) {
  const asked = useQuery(mode(account.id));
  return (
    <Answer of={asked}>
      {(view) => (
        <div className="grid cols-wide top-aligned">
          <div className="grid start">
            {view.mode === "live" ? <Live of={view} account={account} /> : <Paper of={view} account={account} />}
          </div>
          <Changes of={view.changes} />
        </div>
      )}
    </Answer>
  );
}

function Live({ of, account }: { of: ModeView; account: Account }) {
  const now = useNow();
  const hooks = useQuery(webhooks).data;
  const left = of.live_until ? (Date.parse(of.live_until) - now) / 1000 : null;
  const act = acting("mode", "accounts");
  const back = () =>
    act(
      () => result(api.POST("/api/accounts/{account_id}/mode/paper", { params: { path: { account_id: account.id } } })),
      `${account.name} is back on paper`,
    );
  return (
    <section className="mode-card mode-card-live">
      <h2>
        <span className="mode mode-live">LIVE</span> Signals of {account.name} are handed over
      </h2>
      <p>
        Each new signal of the sources that it follows also goes to{" "}
        <b>{hooks?.find(({ id }) => id === of.webhook_id)?.url ?? "its webhook"}</b>. paperfleet itself sends no order.
      </p>
      <p className="num">
        Ends by itself in <b>{duration(left)}</b>, at <Time at={of.live_until} />.
      </p>
      <div>
        <Button kind="primary" onClick={back}>
          Back to paper now
        </Button>
      </div>
    </section>
  );
}

function Paper({ of, account }: { of: ModeView; account: Account }) {
  const hooks = useQuery(webhooks).data ?? [];
  const ready = hooks.filter((hook) => hook.enabled && hook.verified_at);
  const guards = [
    { is: of.live_allowed, text: "The operator of this installation allows it (PAPERFLEET_LIVE_MODE)" },
    { is: ready.length > 0, text: "A webhook of yours that is verified and switched on takes the signals" },
  ];
  return (
    <>
      <section className="mode-card mode-card-paper">
        <h2>
          <span className="mode mode-paper">PAPER</span> {account.name} trades on paper only
        </h2>
        <p>Nothing leaves this installation. That is what every account begins with, and falls back to.</p>
      </section>
      <Card title="Handing signals over">
        <div className="grid">
          <p className="soft">
            Live means one thing: new signals of the sources that this account follows are also handed to a program of
            yours. paperfleet itself sends no order, in any mode.
          </p>
          <ul className="guards">
            {guards.map(({ is, text }) => (
              <li key={text} className={`guard ${is ? "up" : "dim"}`}>
                <Icon name={is ? "check" : "close"} size={14} />
                <span className="soft">{text}</span>
                <span className="visually-hidden">{is ? "is so" : "is not so"}</span>
              </li>
            ))}
          </ul>
          {guards.every(({ is }) => is) ? (
            <GoLive account={account} hooks={ready} hoursMax={of.hours_max} />
          ) : (
            <p className="notice notice-warn">As long as one of these is missing, the account stays on paper.</p>
          )}
        </div>
      </Card>
    </>
  );
}

function Changes({ of }: { of: ModeView["changes"] }) {
  return (
    <Card title="Changes of the mode" bare>
      {of.length ? (
        <ul className="rows">
          {of.map((change) => (
            <li key={`${change.at}${change.mode}`}>
              <span className={`mode mode-${change.mode}`}>{change.mode.toUpperCase()}</span>
              <span className="soft truncate">{words(change.reason)}</span>
              <span className="dim small" style={{ marginLeft: "auto" }}>
                <Time at={change.at} />
              </span>
            </li>
          ))}
        </ul>
      ) : (
        <p className="card-note dim">It has always been on paper.</p>
      )}
    </Card>
  );
}
