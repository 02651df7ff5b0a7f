/** Buttons. An icon alone always has a label. */
import type { ButtonHTMLAttributes, Ref } from "react";
import { Icon, type IconName } from "./icons";

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  kind?: "plain" | "primary" | "danger" | "quiet";
  small?: boolean;
  icon?: IconName;
  busy?: boolean;
  ref?: Ref<HTMLButtonElement>;
}

export function Button({ kind = "plain", small, icon, busy, children, className = "", ...rest }: Props) {
  const classes = [
    "button",
    kind === "plain" ? "" : `button-${kind}`,
    small ? "button-small" : "",
    icon && !children ? "button-icon" : "",
    className,
  ];
  return (
    <button
      type="button"
      {...rest}
      className={classes.filter(Boolean).join(" ")}
      disabled={rest.disabled || busy}
      aria-busy={busy || undefined}
    >
      {icon && <Icon name={icon} size={small ? 14 : 16} />}
      {children}
    </button>
  );
}
