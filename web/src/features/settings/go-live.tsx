/** The last steps to live: which webhook, for how long, and the phrase within a minute. */
import { useEffect, useState } from "react";
import { acting } from "@/components/ui/act";
import { Button } from "@/components/ui/button";
import { NumberField, SelectField, TextField } from "@/components/ui/fields";
import { complain } from "@/components/ui/toasts";
import { api, result, type Schemas } from "@/lib/api/client";
import type { Account } from "@/lib/api/types";
import { useNow } from "@/lib/use-now";
import type { Webhook } from "./outlets";

interface Props {
  account: Account;
  hooks: readonly Webhook[];
  hoursMax: number;
}

export function GoLive({ account, hooks, hoursMax }: Props) {
  const [hook, setHook] = useState(String(hooks[0]?.id ?? ""));
  const [hours, setHours] = useState(String(Math.min(8, hoursMax)));
  const [question, setQuestion] = useState<Schemas["Question"] | null>(null);
  const ask = async () => {
    try {
      setQuestion(
        await result(
          api.POST("/api/accounts/{account_id}/mode/token", {
            params: { path: { account_id: account.id } },
            body: { webhook_id: Number(hook) },
          }),
        ),
      );
    } catch (error) {
      complain(error);
    }
  };
  return (
    <div className="grid">
      <div className="form">
        <SelectField
          label="To this webhook"
          value={hook}
          onChange={(value) => {
            setHook(value);
            setQuestion(null);
          }}
          options={hooks.map((each) => [String(each.id), each.url] as const)}
        />
        <NumberField
          label="For"
          unit="hours"
          hint={`${hoursMax} at most; then it is paper again by itself`}
          value={hours}
          onChange={(value) => setHours(value.replace(".", ""))}
        />
      </div>
      {question ? (
        <Phrase
          key={question.token}
          account={account}
          question={question}
          hook={Number(hook)}
          hours={Number(hours)}
          onOver={() => setQuestion(null)}
        />
      ) : (
        <div>
          <Button kind="danger" disabled={!hook || !Number(hours)} onClick={ask}>
            Go live ...
          </Button>
        </div>
      )}
    </div>
  );
}

interface PhraseProps {
  account: Account;
  question: Schemas["Question"];
  hook: number;
  hours: number;
  onOver: () => void;
}

const LIFE_MS = 60_000;

function Phrase({ account, question, hook, hours, onOver }: PhraseProps) {
  const [typed, setTyped] = useState("");
  const [until] = useState(() => Date.now() + LIFE_MS); // by this clock: the server's may be another
  const left = Math.max(0, Math.ceil((until - useNow()) / 1000));
  useEffect(() => {
    if (left === 0) onOver();
  }, [left, onOver]);
  const act = acting("mode", "accounts");
  const go = () =>
    act(
      () =>
        result(
          api.POST("/api/accounts/{account_id}/mode/live", {
            params: { path: { account_id: account.id } },
            body: { webhook_id: hook, token: question.token, phrase: typed, hours },
          }),
        ),
      `${account.name} is live`,
    );
  return (
    <form
      className="grid notice notice-bad"
      onSubmit={(event) => {
        event.preventDefault();
        void go();
      }}
    >
      <p>
        Type <code className="strong">{question.phrase}</code>
      </p>
      <TextField
        label="The phrase, letter by letter"
        value={typed}
        onChange={setTyped}
        autoComplete="off"
        spellCheck={false}
        autoFocus
        hint={`${left} s left`}
      />
      <div className="line">
        <Button onClick={onOver}>Stay on paper</Button>
        <Button kind="danger" type="submit" disabled={typed !== question.phrase}>
          Hand signals over for {hours} h
        </Button>
      </div>
    </form>
  );
}
