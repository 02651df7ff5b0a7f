/** Every booking of the account, newest first: the balance is their sum. */
import { infiniteQueryOptions, useInfiniteQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { Link } from "react-router";
import { Time } from "@/components/trade/labels";
import { Card, tone } from "@/components/ui/card";
import { Answer, Empty } from "@/components/ui/states";
import { type Column, DataTable } from "@/components/ui/table";
import { api, result, type Schemas } from "@/lib/api/client";
import type { Account } from "@/lib/api/types";
import { signed, words } from "@/lib/format";

type Entry = Schemas["LedgerEntry"];

interface LedgerPage {
  results: Entry[];
  next: string | null;
}

const ledger = (id: number) =>
  infiniteQueryOptions({
    queryKey: ["accounts", id, "ledger"],
    initialPageParam: null as string | null,
    getNextPageParam: (page: LedgerPage) => page.next,
    queryFn: ({ pageParam, signal }): Promise<LedgerPage> =>
      result(
        api.GET("/api/accounts/{account_id}/ledger", {
          params: { path: { account_id: id }, query: { limit: 200, ...(pageParam ? { cursor: pageParam } : {}) } },
          signal,
        }),
      ),
  });

const COLUMNS: readonly Column<Entry>[] = [
  { id: "at", head: "Booked", width: "140px", phone: "96px", cell: (entry) => <Time at={entry.booked_at} /> },
  {
    id: "kind",
    head: "What",
    width: "minmax(140px, 1fr)",
    phone: "minmax(96px, 1fr)",
    cell: (entry) => words(entry.kind),
  },
  {
    id: "trade",
    head: "Trade",
    width: "minmax(110px, 1fr)",
    phone: "72px",
    cell: (entry) => entry.trade_id && <Link to={`/trades/${entry.trade_id}`}>No. {entry.trade_id}</Link>,
  },
  {
    id: "amount",
    head: "Amount",
    width: "minmax(130px, 1fr)",
    phone: "minmax(84px, 1fr)",
    right: true,
    cell: (entry) => <span className={`num ${tone(entry.amount)}`}>{signed(entry.amount, 4)}</span>,
  },
];
const idOf = (entry: Entry) => String(entry.id);

export function LedgerTab({ account }: { account: Account }) {
  const asked = useInfiniteQuery(ledger(account.id));
  const [sorting, sort] = useState("");
  const rows = useMemo(() => asked.data?.pages.flatMap((page) => page.results), [asked.data]);
  return (
    <Card bare>
      <div className="tall">
        <Answer of={{ ...asked, data: rows }}>
          {(entries) => (
            <DataTable
              label="Ledger"
              rows={entries}
              columns={COLUMNS}
              id={idOf}
              sorting={sorting}
              onSort={sort}
              onEnd={() => asked.hasNextPage && !asked.isFetchingNextPage && void asked.fetchNextPage()}
              empty={<Empty title="Nothing is booked yet" />}
            />
          )}
        </Answer>
      </div>
    </Card>
  );
}
