/** Which events leave: an event leaves when any rule wants it, and without rules all do. */
import { useQuery } from "@tanstack/react-query";
import { Button } from "@/components/ui/button";
import { NumberField, SelectField, TextField } from "@/components/ui/fields";
import { accounts } from "@/lib/queries/market";
import type { EventKind, Rule } from "./outlets";

export const KINDS: readonly (readonly [EventKind, string])[] = [
  ["opened", "Opened"],
  ["closed", "Closed"],
  ["created", "Order placed"],
  ["updated", "Plan moved"],
  ["cancelled", "Cancelled"],
  ["signal", "Signals"],
  ["account", "Account"],
  ["instrument", "Pairs"],
  ["system", "System"],
];

interface Props {
  rules: readonly Rule[];
  onChange: (rules: Rule[]) => void;
}

export function RulesEditor({ rules, onChange }: Props) {
  const put = (place: number, rule: Rule) => onChange(rules.map((known, other) => (other === place ? rule : known)));
  return (
    <div className="grid">
      {rules.length === 0 && <p className="dim small">Without a rule everything is sent.</p>}
      {rules.map((rule, place) => (
        <OneRule
          // biome-ignore lint/suspicious/noArrayIndexKey: a rule is known by its place
          key={place}
          name={rules.length > 1 ? `Rule ${place + 1}` : "Rule"}
          rule={rule}
          onChange={(changed) => put(place, changed)}
          onRemove={() => onChange(rules.filter((_, other) => other !== place))}
        />
      ))}
      <div>
        <Button small icon="plus" onClick={() => onChange([...rules, { events: ["closed"] }])}>
          {rules.length ? "Another rule" : "Only what a rule wants"}
        </Button>
      </div>
    </div>
  );
}

interface OneProps {
  name: string;
  rule: Rule;
  onChange: (rule: Rule) => void;
  onRemove: () => void;
}

function OneRule({ name, rule, onChange, onRemove }: OneProps) {
  const own = useQuery(accounts).data ?? [];
  const events = rule.events ?? [];
  const toggle = (kind: EventKind) =>
    onChange({ ...rule, events: events.includes(kind) ? events.filter((each) => each !== kind) : [...events, kind] });
  return (
    <fieldset className="boxed grid">
      <div className="line">
        <legend className="strong small">{name}</legend>
        <Button small kind="quiet" icon="close" aria-label={`Remove ${name.toLowerCase()}`} onClick={onRemove} />
      </div>
      <div className="checks">
        {KINDS.map(([kind, text]) => (
          <label className="check small" key={kind}>
            <input type="checkbox" checked={events.includes(kind)} onChange={() => toggle(kind)} />
            {text}
          </label>
        ))}
      </div>
      <div className="form">
        <NumberField
          label="Wins of at least"
          unit="USDT"
          placeholder="any"
          value={rule.minimum_profit ?? ""}
          onChange={(value) => onChange({ ...rule, minimum_profit: value || null })}
        />
        <NumberField
          label="Losses of at least"
          unit="USDT"
          placeholder="any"
          value={rule.minimum_loss ?? ""}
          onChange={(value) => onChange({ ...rule, minimum_loss: value || null })}
        />
        <TextField
          label="Of these sources"
          placeholder="all"
          value={(rule.sources ?? []).join(", ")}
          onChange={(value) => onChange({ ...rule, sources: value ? value.split(/,\s*/) : [] })}
        />
        <SelectField
          label="Of this account"
          value={String(rule.account_ids?.[0] ?? "")}
          onChange={(id) => onChange({ ...rule, account_ids: id ? [Number(id)] : [] })}
          options={[["", "all of mine"], ...own.map((each) => [String(each.id), each.name] as const)]}
        />
      </div>
    </fieldset>
  );
}

/** Rules in a line: "Closed from 10 USDT, system". */
export function inWords(rules: readonly Rule[]): string {
  if (!rules.length) return "Everything";
  const one = (rule: Rule) => {
    const events = (rule.events ?? []).map((kind) => KINDS.find(([each]) => each === kind)?.[1].toLowerCase() ?? kind);
    const bounds = [
      rule.minimum_profit && `wins from ${rule.minimum_profit}`,
      rule.minimum_loss && `losses from ${rule.minimum_loss}`,
      rule.sources?.length && `of ${rule.sources.join(", ")}`,
    ].filter(Boolean);
    return [events.length ? events.join(", ") : "everything", ...bounds].join(", ");
  };
  const text = rules.map(one).join("; ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
