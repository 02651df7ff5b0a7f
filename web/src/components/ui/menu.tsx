/** A menu of actions behind a button. */
import * as Radix from "@radix-ui/react-dropdown-menu";
import { type ReactNode, useRef } from "react";
import { Icon, type IconName } from "./icons";

export interface MenuItem {
  label: string;
  icon?: IconName;
  danger?: boolean;
  disabled?: boolean;
  run: () => void;
}

export function Menu({ items, children }: { items: readonly (MenuItem | "line")[]; children: ReactNode }) {
  const chosen = useRef<(() => void) | null>(null);
  /** Only once the focus is back on the button: a dialog that it opens gives it back there. */
  const run = () => {
    const order = chosen.current;
    chosen.current = null;
    if (order) queueMicrotask(order);
  };
  return (
    <Radix.Root modal={false}>
      <Radix.Trigger asChild>{children}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content className="popup" align="end" sideOffset={4} collisionPadding={8} onCloseAutoFocus={run}>
          {items.map((item, place) =>
            item === "line" ? (
              // biome-ignore lint/suspicious/noArrayIndexKey: lines have no other name
              <hr key={place} />
            ) : (
              <Radix.Item
                key={item.label}
                className={`popup-item${item.danger ? " down" : ""}`}
                disabled={item.disabled ?? false}
                onSelect={() => {
                  chosen.current = item.run;
                }}
              >
                {item.icon && <Icon name={item.icon} />}
                {item.label}
              </Radix.Item>
            ),
          )}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
