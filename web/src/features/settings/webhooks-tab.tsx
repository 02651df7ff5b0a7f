/** Signed webhooks to programs of the reader's. */
import { useState } from "react";
import { Time } from "@/components/trade/labels";
import { acting } from "@/components/ui/act";
import { Button } from "@/components/ui/button";
import { Confirm } from "@/components/ui/confirm";
import { Secret } from "@/components/ui/secret";
import { Empty } from "@/components/ui/states";
import { OutletList } from "./outlet-list";
import { rotateSecret, verifyWebhook, WEBHOOK_CALLS, type Webhook, webhooks } from "./outlets";

const WORDS = {
  title: "webhook",
  address: "Address",
  placeholder: "https://executor.your-domain.com/in",
  hint: "https, a public address, port 443 or 8443",
};

const act = acting("webhooks");

export function WebhooksTab() {
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
      <OutletList
        heading="Webhooks"
        words={WORDS}
        query={webhooks}
        calls={WEBHOOK_CALLS}
        name={(each) => each.url}
        badges={(each) => <Badges of={each} />}
        orders={(each) => [
          {
            label: each.verified_at ? "Verify again" : "Verify",
            run: () => void act(() => verifyWebhook(each.id), "The endpoint is verified"),
          },
          { label: "New secret", run: () => rotate(each) },
        ]}
        onMade={setSecret}
        empty={
          <Empty icon="external" title="No webhooks">
            A program of yours is told what happens to your trades, signed, in order, at least once.
          </Empty>
        }
      />
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

function Badges({ of }: { of: Webhook }) {
  return (
    <>
      {of.verified_at ? (
        <span className="badge badge-accent">Verified</span>
      ) : (
        <span className="badge">Not verified</span>
      )}
      {of.two_signatures_until && (
        <span className="badge badge-warn">
          Two signatures until <Time at={of.two_signatures_until} />
        </span>
      )}
    </>
  );
}
