/** What became of each message of an outlet; dead ones can be sent again or forgotten. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Time } from "@/components/trade/labels";
import { acting } from "@/components/ui/act";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Segmented } from "@/components/ui/fields";
import { Answer, Empty } from "@/components/ui/states";
import { count, DASH, words } from "@/lib/format";
import type { Calls, Delivery, Outlet } from "./outlets";

const TONES: Record<Delivery["state"], string> = { waiting: "badge-warn", delivered: "badge-up", dead: "badge-down" };

type Shown = "" | Delivery["state"];

interface Props {
  of: Outlet;
  calls: Calls;
  onClose: () => void;
}

export function Deliveries({ of, calls, onClose }: Props) {
  const [state, show] = useState<Shown>(of.dead ? "dead" : "");
  const key = [calls.key, of.id, "deliveries", state];
  const asked = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => calls.deliveries(of.id, state || undefined, signal),
    refetchInterval: 5000,
  });
  const act = acting(calls.key);
  return (
    <Dialog
      wide
      title="Deliveries"
      onClose={onClose}
      foot={
        of.dead > 0 && (
          <>
            <Button kind="danger" onClick={() => act(() => calls.drop(of.id, { all_dead: true }), "Forgotten")}>
              Forget all dead
            </Button>
            <Button
              kind="primary"
              onClick={() => act(() => calls.replay(of.id, { all_dead: true }), "They are sent again")}
            >
              Send all dead again
            </Button>
          </>
        )
      }
    >
      <div className="grid">
        <Segmented<Shown>
          label="State"
          value={state}
          onChange={show}
          options={[
            { value: "", text: "All" },
            { value: "waiting", text: `Waiting ${count(of.waiting)}` },
            { value: "delivered", text: "Delivered" },
            { value: "dead", text: `Dead ${count(of.dead)}` },
          ]}
        />
        <Answer of={asked}>
          {(found) =>
            found.length ? (
              <div className="scroll-x">
                <table className="simple">
                  <thead>
                    <tr>
                      <th>Made</th>
                      <th className="left">What</th>
                      <th className="left">State</th>
                      <th>Attempts</th>
                      <th className="left">Answer</th>
                      <th>
                        <span className="visually-hidden">Actions</span>
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    {found.map((each) => (
                      <tr key={each.id}>
                        <td>
                          <Time at={each.created_at} />
                        </td>
                        <td className="left">{each.type}</td>
                        <td className="left">
                          <span className={`badge ${TONES[each.state]}`}>{words(each.state)}</span>
                        </td>
                        <td className="num">{count(each.attempts)}</td>
                        <td className="left truncate answer" title={each.error}>
                          {each.status_code ?? DASH} {each.milliseconds !== null && `${count(each.milliseconds)} ms`}{" "}
                          <span className="dim">{each.error}</span>
                        </td>
                        <td>
                          {each.state !== "waiting" && (
                            <Button
                              small
                              kind="quiet"
                              onClick={() =>
                                act(() => calls.replay(of.id, { delivery_ids: [each.id] }), "It is sent again")
                              }
                            >
                              Again
                            </Button>
                          )}
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            ) : (
              <Empty icon="empty" title="None" />
            )
          }
        </Answer>
      </div>
    </Dialog>
  );
}
