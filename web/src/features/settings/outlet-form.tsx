/** Making an outlet, or changing what it is sent. */
import { useState } from "react";
import { refusedField } from "@/components/trade/commands";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { TextField } from "@/components/ui/fields";
import type { Calls, Outlet, QuietHours } from "./outlets";
import { RulesEditor } from "./rules-editor";

export interface Words {
  title: string;
  address: string;
  placeholder: string;
  hint: string;
}

interface Props {
  calls: Calls;
  words: Words;
  /** What is changed; absent for a new one. */
  of?: Outlet | undefined;
  onDone: (secret: string) => void;
  onClose: () => void;
}

const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

export function OutletForm({ calls, words, of, onDone, onClose }: Props) {
  const [url, setUrl] = useState(of && "url" in of ? of.url : "");
  const [description, setDescription] = useState(of?.description ?? "");
  const [rules, setRules] = useState([...(of?.rules ?? [])]);
  const [quiet, setQuiet] = useState<QuietHours | null>(of?.quiet_hours ?? null);
  const [refusal, setRefusal] = useState<ReturnType<typeof refusedField>>(null);
  const [busy, setBusy] = useState(false);
  const save = async () => {
    setBusy(true);
    setRefusal(null);
    const known = of && "url" in of ? of.url : "";
    try {
      const body = { description, rules, quiet_hours: quiet };
      if (of) await calls.edit(of.id, { ...body, ...(url && url !== known ? { url } : {}) });
      onDone(of ? "" : await calls.create({ ...body, url }));
    } catch (error) {
      setRefusal(refusedField(error));
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={of ? `Change ${words.title}` : `New ${words.title}`}
      onClose={onClose}
      foot={
        <>
          <Button onClick={onClose}>{of ? "Keep as it is" : "Discard"}</Button>
          <Button kind="primary" busy={busy} disabled={!of && !url} onClick={save}>
            {of ? "Keep changes" : "Make it"}
          </Button>
        </>
      }
    >
      <div className="grid">
        <TextField
          label={words.address}
          placeholder={of && !("url" in of) ? "As it is; it is not shown again" : words.placeholder}
          hint={words.hint}
          value={url}
          onChange={setUrl}
          error={refusal?.field === "url" ? refusal.words : undefined}
          autoComplete="off"
          spellCheck={false}
          autoFocus={!of}
        />
        <TextField label="What it is for" value={description} onChange={setDescription} />
        <RulesEditor rules={rules} onChange={setRules} />
        <Quiet of={quiet} onChange={setQuiet} />
        {refusal && refusal.field !== "url" && (
          <p className="notice notice-bad" role="alert">
            {refusal.words}
          </p>
        )}
      </div>
    </Dialog>
  );
}

function Quiet({ of, onChange }: { of: QuietHours | null; onChange: (of: QuietHours | null) => void }) {
  return (
    <div className="grid">
      <label className="check">
        <input
          type="checkbox"
          checked={of !== null}
          onChange={(event) =>
            onChange(event.target.checked ? { start: "22:00:00", end: "07:00:00", time_zone: ZONE } : null)
          }
        />
        Quiet hours: messages wait, and come afterwards
      </label>
      {of && (
        <div className="form form-3">
          <TextField
            type="time"
            label="From"
            value={of.start.slice(0, 5)}
            onChange={(start) => onChange({ ...of, start: `${start}:00` })}
          />
          <TextField
            type="time"
            label="To"
            value={of.end.slice(0, 5)}
            onChange={(end) => onChange({ ...of, end: `${end}:00` })}
          />
          <TextField
            label="Time zone"
            value={of.time_zone ?? "UTC"}
            onChange={(time_zone) => onChange({ ...of, time_zone })}
          />
        </div>
      )}
    </div>
  );
}
