/** Paper money: more of it, a fresh start, another account. */
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { Confirm } from "@/components/ui/confirm";
import { NumberField, TextField } from "@/components/ui/fields";
import { complain, toast } from "@/components/ui/toasts";
import { api, result } from "@/lib/api/client";
import type { Account } from "@/lib/api/types";
import { onceKey } from "@/lib/once";

export function Money({ account }: { account: Account }) {
  const [amount, setAmount] = useState("");
  const [name, setName] = useState("");
  const [resetting, reset] = useState(false);
  const cache = useQueryClient();
  const path = { path: { account_id: account.id } };
  const once = () => ({ header: { "Idempotency-Key": onceKey() } });
  const done = async (said: string) => {
    await cache.invalidateQueries({ queryKey: ["accounts"] });
    toast(said, "good");
  };
  const act = (call: () => Promise<unknown>, said: string) => call().then(() => done(said), complain);
  return (
    <Card title="Paper money">
      <div className="grid">
        <div className="with-button">
          <NumberField label="Add" unit="USDT" value={amount} onChange={setAmount} />
          <Button
            disabled={!amount}
            onClick={() =>
              act(async () => {
                const params = { ...path, ...once() };
                await result(api.POST("/api/accounts/{account_id}/deposits", { params, body: { amount } }));
                setAmount("");
              }, `${amount} USDT added`)
            }
          >
            Add
          </Button>
        </div>
        <div className="with-button">
          <TextField label="Another account" placeholder="Name" value={name} onChange={setName} />
          <Button
            disabled={!name}
            onClick={() =>
              act(async () => {
                await result(api.POST("/api/accounts", { params: once(), body: { name } }));
                setName("");
              }, `Account ${name} opened`)
            }
          >
            Open
          </Button>
        </div>
        <div>
          <Button kind="quiet" onClick={() => reset(true)}>
            Start over with this account
          </Button>
        </div>
      </div>
      {resetting && (
        <Confirm
          title="Start over?"
          action="Start over"
          danger
          onClose={() => reset(false)}
          onConfirm={async () => {
            const params = { ...path, ...once() };
            await result(api.POST("/api/accounts/{account_id}/reset", { params, body: {} }));
            await done("The account stands at its starting balance");
          }}
        >
          The balance goes back to where it began, by a booking in the ledger. Nothing is erased. Live trades have to be
          closed first.
        </Confirm>
      )}
    </Card>
  );
}
