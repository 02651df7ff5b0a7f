/** Form fields with their label, hint and refusal. */
import { type InputHTMLAttributes, type ReactNode, useId } from "react";
import { typedNumber } from "@/lib/format";

interface Shared {
  label: ReactNode;
  hint?: ReactNode;
  error?: string | undefined;
  className?: string;
}

interface TextProps extends Shared, Omit<InputHTMLAttributes<HTMLInputElement>, "onChange" | "className" | "value"> {
  value: string;
  onChange: (value: string) => void;
  unit?: string;
}

/** Marks the field that a dialog begins with: React's own `autoFocus` comes before the dialog is open. */
export const FIRST = "data-first";

export function TextField({ label, hint, error, className = "", unit, value, onChange, ...rest }: TextProps) {
  const id = useId();
  const input = (
    <input
      {...rest}
      {...(rest.autoFocus && { [FIRST]: true })}
      id={id}
      className="input"
      value={value}
      aria-invalid={error ? true : undefined}
      aria-describedby={error || hint ? `${id}-note` : undefined}
      onChange={(event) => onChange(event.target.value)}
    />
  );
  return (
    <div className={`field ${className}`}>
      <label htmlFor={id}>{label}</label>
      {unit ? (
        <div className="input-unit">
          {input}
          <span>{unit}</span>
        </div>
      ) : (
        input
      )}
      <Note id={`${id}-note`} error={error} hint={hint} />
    </div>
  );
}

/** A price or an amount: digits as they are typed, never a float. */
export function NumberField(props: TextProps) {
  return (
    <TextField
      inputMode="decimal"
      autoComplete="off"
      {...props}
      onChange={(value) => props.onChange(typedNumber(value))}
    />
  );
}

interface SelectProps extends Shared {
  value: string;
  onChange: (value: string) => void;
  options: readonly (readonly [string, string])[];
}

export function SelectField({ label, hint, error, className = "", value, onChange, options }: SelectProps) {
  const id = useId();
  return (
    <div className={`field ${className}`}>
      <label htmlFor={id}>{label}</label>
      <select id={id} className="select" value={value} onChange={(event) => onChange(event.target.value)}>
        {options.map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </select>
      <Note id={`${id}-note`} error={error} hint={hint} />
    </div>
  );
}

function Note({ id, error, hint }: { id: string; error: string | undefined; hint: ReactNode }) {
  if (error) {
    return (
      <span id={id} className="field-error" role="alert">
        {error}
      </span>
    );
  }
  return hint ? (
    <span id={id} className="field-hint">
      {hint}
    </span>
  ) : null;
}

interface SegmentedProps<T extends string> {
  label: string;
  value: T;
  onChange: (value: T) => void;
  options: readonly { value: T; text: ReactNode; tone?: "up" | "down"; say?: string }[];
  className?: string;
}

/** One of a few, all in sight. */
export function Segmented<T extends string>({ label, value, onChange, options, className = "" }: SegmentedProps<T>) {
  return (
    <fieldset className={`segmented ${className}`} aria-label={label}>
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          className={option.tone}
          aria-pressed={option.value === value}
          aria-label={option.say}
          title={option.say}
          onClick={() => onChange(option.value)}
        >
          {option.text}
        </button>
      ))}
    </fieldset>
  );
}

interface FilterProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  options: readonly (readonly [string, string])[];
}

/** A select in a bar of filters, its label only for those who do not see it. */
export function Filter({ label, value, onChange, options }: FilterProps) {
  return (
    <select
      className="select select-small"
      aria-label={label}
      value={value}
      onChange={(event) => onChange(event.target.value)}
    >
      {options.map(([key, text]) => (
        <option key={key} value={key}>
          {text}
        </option>
      ))}
    </select>
  );
}
