/** Notifications to people: Telegram, Discord, Slack, mail and others. */
import { Empty } from "@/components/ui/states";
import { OutletList } from "./outlet-list";
import { TARGET_CALLS, targets } from "./outlets";

const WORDS = {
  title: "notification",
  address: "Apprise URL",
  placeholder: "tgram://TOKEN/CHAT",
  hint: "tgram, discord, slack, mailtos, ntfys, pover and others; it is not shown again",
};

export function NotificationsTab() {
  return (
    <OutletList
      heading="Notifications"
      words={WORDS}
      query={targets}
      calls={TARGET_CALLS}
      name={(each) => each.service}
      empty={
        <Empty icon="signals" title="No notifications">
          Be told on your phone when a trade closes, or when the system needs you.
        </Empty>
      }
    />
  );
}
