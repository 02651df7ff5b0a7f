/** Notifications to people: Telegram, Discord, Slack, mail and others. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { acting } from "@/components/ui/act";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { Answer, Empty } from "@/components/ui/states";
import { OutletCard } from "./outlet-card";
import { OutletForm } from "./outlet-form";
import { TARGET_CALLS, type Target, targets } from "./outlets";

const WORDS = {
  title: "notification",
  address: "Apprise URL",
  placeholder: "tgram://TOKEN/CHAT",
  hint: "tgram, discord, slack, mailtos, ntfys, pover and others; it is not shown again",
};

const act = acting("notifications");

export function NotificationsTab() {
  const asked = useQuery(targets);
  const [edited, edit] = useState<Target | "new" | null>(null);
  return (
    <>
      <Card
        title="Notifications"
        bare
        end={
          <Button small icon="plus" onClick={() => edit("new")}>
            New notification
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
                    calls={TARGET_CALLS}
                    name={each.service}
                    onEdit={() => edit(each)}
                  />
                ))}
              </ul>
            ) : (
              <Empty icon="signals" title="No notifications">
                Be told on your phone when a trade closes, or when the system needs you.
              </Empty>
            )
          }
        </Answer>
      </Card>
      {edited && (
        <OutletForm
          calls={TARGET_CALLS}
          words={WORDS}
          of={edited === "new" ? undefined : edited}
          onClose={() => edit(null)}
          onDone={() => {
            edit(null);
            void act(async () => {}, edited === "new" ? "The notification is made" : "Kept");
          }}
        />
      )}
    </>
  );
}
