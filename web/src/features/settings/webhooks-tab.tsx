/** Signed webhooks to programs of the reader's. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Time } from "@/components/trade/labels";
import { acting } from "@/components/ui/act";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { Confirm } from "@/components/ui/confirm";
import { Secret } from "@/components/ui/secret";
import { Answer, Empty } from "@/components/ui/states";
import { OutletCard } from "./outlet-card";
import { OutletForm } from "./outlet-form";
import { rotateSecret, verifyWebhook, WEBHOOK_CALLS, type Webhook, webhooks } from "./outlets";

const WORDS = {
  title: "webhook",
  address: "Address",
  placeholder: "https://executor.your-domain.com/in",
  hint: "https, a public address, port 443 or 8443",
};

const act = acting("webhooks");

export function WebhooksTab() {
  const asked = useQuery(webhooks);
  const [edited, edit] = useState<Webhook | "new" | null>(null);
  const [rotated, rotate] = useState<Webhook | null>(null);
  const [secret, setSecret] = useState("");
  return (
    <div className="grid">
      {secret && (
        <div className="grid">
          <Secret label="The signing secret (Standard Webhooks)" text={secret} />
          <div>
            <Button small onClick={() => setSecret("")}>
              I have it
            </Button>
          </div>
        </div>
      )}
      <Card
        title="Webhooks"
        bare
        end={
          <Button small icon="plus" onClick={() => edit("new")}>
            New webhook
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
                    calls={WEBHOOK_CALLS}
                    name={each.url}
                    onEdit={() => edit(each)}
                    badges={
                      <>
                        {each.verified_at ? (
                          <span className="badge badge-accent">Verified</span>
                        ) : (
                          <span className="badge">Not verified</span>
                        )}
                        {each.two_signatures_until && (
                          <span className="badge badge-warn">
                            Two signatures until <Time at={each.two_signatures_until} />
                          </span>
                        )}
                      </>
                    }
                    orders={[
                      {
                        label: each.verified_at ? "Verify again" : "Verify",
                        run: () => void act(() => verifyWebhook(each.id), "The endpoint is verified"),
                      },
                      { label: "New secret", run: () => rotate(each) },
                    ]}
                  />
                ))}
              </ul>
            ) : (
              <Empty icon="external" title="No webhooks">
                A program of yours is told what happens to your trades, signed, in order, at least once.
              </Empty>
            )
          }
        </Answer>
      </Card>
      {edited && (
        <OutletForm
          calls={WEBHOOK_CALLS}
          words={WORDS}
          of={edited === "new" ? undefined : edited}
          onClose={() => edit(null)}
          onDone={(made) => {
            edit(null);
            setSecret(made);
            void act(async () => {}, edited === "new" ? "The webhook is made" : "Kept");
          }}
        />
      )}
      {rotated && (
        <Confirm
          title="Make a new signing secret?"
          action="Make it"
          onClose={() => rotate(null)}
          onConfirm={async () => {
            setSecret(await rotateSecret(rotated.id));
            await act(async () => {}, "");
          }}
        >
          For a day messages bear two signatures, by the old and by the new secret.
        </Confirm>
      )}
    </div>
  );
}
