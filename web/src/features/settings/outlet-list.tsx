/** The outlets of one kind: listed, made, changed. */
import { type QueryKey, type UseQueryOptions, useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { acting } from "@/components/ui/act";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import type { MenuItem } from "@/components/ui/menu";
import { Answer } from "@/components/ui/states";
import { OutletCard } from "./outlet-card";
import { OutletForm, type Words } from "./outlet-form";
import type { Calls, Outlet } from "./outlets";

interface Props<T extends Outlet, Key extends QueryKey> {
  heading: string;
  words: Words;
  query: UseQueryOptions<T[], Error, T[], Key>;
  calls: Calls;
  name: (of: T) => string;
  badges?: (of: T) => ReactNode;
  orders?: (of: T) => readonly MenuItem[];
  /** What stands there while there is none. */
  empty: ReactNode;
  /** Told the signing secret of a new one; empty where there is none. */
  onMade?: (secret: string) => void;
}

export function OutletList<T extends Outlet, Key extends QueryKey>(props: Props<T, Key>) {
  const { heading, words, query, calls, name, badges, orders, empty, onMade } = props;
  const asked = useQuery(query);
  const [edited, edit] = useState<T | "new" | null>(null);
  return (
    <>
      <Card
        title={heading}
        bare
        end={
          <Button small icon="plus" onClick={() => edit("new")}>
            {`New ${words.title}`}
          </Button>
        }
      >
        <Answer of={asked} rows={3}>
          {(all) =>
            all.length ? (
              <ul className="outlets">
                {all.map((each) => (
                  <OutletCard
                    key={each.id}
                    of={each}
                    calls={calls}
                    name={name(each)}
                    badges={badges?.(each)}
                    orders={orders?.(each) ?? []}
                    onEdit={() => edit(each)}
                  />
                ))}
              </ul>
            ) : (
              empty
            )
          }
        </Answer>
      </Card>
      {edited && (
        <OutletForm
          calls={calls}
          words={words}
          of={edited === "new" ? undefined : edited}
          onClose={() => edit(null)}
          onDone={(secret) => {
            edit(null);
            onMade?.(secret);
            void acting(calls.key)(async () => {}, edited === "new" ? `The ${words.title} is made` : "Kept");
          }}
        />
      )}
    </>
  );
}
