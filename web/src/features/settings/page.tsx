/** The reader's own settings: a tab each, the tab in the address. */
import { useQuery } from "@tanstack/react-query";
import { Filter } from "@/components/ui/fields";
import { Answer } from "@/components/ui/states";
import { Tabs } from "@/components/ui/tabs";
import { accounts } from "@/lib/queries/market";
import { session } from "@/lib/queries/session";
import { useSearch } from "@/lib/use-search";
import { AccountTab } from "./account-tab";
import { KeysTab } from "./keys-tab";
import { LedgerTab } from "./ledger-tab";
import { ModeTab } from "./mode-tab";
import { NotificationsTab } from "./notifications-tab";
import { PeopleTab } from "./people-tab";
import { WebhooksTab } from "./webhooks-tab";

const DEFAULTS = { tab: "account", account: "" };

export function SettingsPage() {
  const [search, change] = useSearch(DEFAULTS);
  const asked = useQuery(accounts);
  const who = useQuery(session).data;
  return (
    <div className="page">
      <header className="page-head">
        <h1>Settings</h1>
        {(asked.data?.length ?? 0) > 1 && (
          <div className="end">
            <Filter
              label="Account"
              value={search.account || String(asked.data?.[0]?.id ?? "")}
              onChange={(account) => change({ account })}
              options={(asked.data ?? []).map((account) => [String(account.id), account.name] as const)}
            />
          </div>
        )}
      </header>
      <Answer of={asked}>
        {(all) => {
          const account = all.find(({ id }) => String(id) === search.account) ?? all[0];
          if (!account) return null;
          const tabs = [
            {
              value: "account",
              text: "Account and limits",
              content: <AccountTab key={account.id} account={account} />,
            },
            { value: "ledger", text: "Ledger", content: <LedgerTab key={account.id} account={account} /> },
            { value: "mode", text: "Paper or live", content: <ModeTab key={account.id} account={account} /> },
            { value: "webhooks", text: "Webhooks", content: <WebhooksTab /> },
            { value: "notifications", text: "Notifications", content: <NotificationsTab /> },
            { value: "keys", text: "API keys", content: <KeysTab /> },
            ...(who?.login === "required"
              ? [{ value: "people", text: "Login and people", content: <PeopleTab isAdmin={who.role === "admin"} /> }]
              : []),
          ];
          return <Tabs label="Settings" value={search.tab} onChange={(tab) => change({ tab })} tabs={tabs} />;
        }}
      </Answer>
    </div>
  );
}
