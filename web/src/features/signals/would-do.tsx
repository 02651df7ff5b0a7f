/** What saying a signal would do now: on each account that follows, the trade or the refusal. */
import { useQuery } from "@tanstack/react-query";
import { WouldBe } from "@/components/trade/order-preview";
import { Icon } from "@/components/ui/icons";
import { words } from "@/lib/format";
import { accounts } from "@/lib/queries/market";
import type { Validation } from "@/lib/queries/signals";

interface Props {
  of: Validation | undefined;
  refusal: string;
  asking: boolean;
}

export function WouldDo({ of, refusal, asking }: Props) {
  const own = useQuery(accounts).data;
  const name = (id: number) => own?.find((account) => account.id === id)?.name ?? `Account ${id}`;
  return (
    <aside className="order-preview" aria-live="polite" aria-busy={asking}>
      <h2>What it would do now</h2>
      {refusal ? (
        <p className="notice notice-bad" role="alert">
          <Icon name="warning" size={13} /> {refusal}
        </p>
      ) : !of ? (
        <>
          <WouldBe trade={undefined} />
          <p className="small dim">Pair and stop make it whole.</p>
        </>
      ) : (
        <>
          {of.repeats !== null && (
            <p className="notice notice-warn">The same as signal No. {of.repeats}: nothing new would be made.</p>
          )}
          {of.signal.reason && <p className="notice notice-warn">{of.signal.reason}</p>}
          {!of.auto_trade && <p className="notice">This source does not trade by itself.</p>}
          {!of.accounts.length && !of.signal.reason && (
            <p className="notice notice-warn">No account follows this source.</p>
          )}
          {of.accounts.map(({ account_id, outcome, trade, reason }) => (
            <section key={account_id} className="grid" style={{ gap: 8 }}>
              <h3>On {name(account_id)}</h3>
              {trade ? <WouldBe trade={trade} /> : <p className="notice notice-warn">{reason ?? words(outcome)}</p>}
            </section>
          ))}
        </>
      )}
    </aside>
  );
}
