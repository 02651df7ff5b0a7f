/** Who may come in, for admins: invited, made an admin or none, shut out and let in again. */
import { queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Time } from "@/components/trade/labels";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { Confirm } from "@/components/ui/confirm";
import { Secret } from "@/components/ui/secret";
import { Answer } from "@/components/ui/states";
import { complain } from "@/components/ui/toasts";
import { api, result, type Schemas } from "@/lib/api/client";

type User = Schemas["User"];
type Change = Schemas["ChangeUser"];

const users = queryOptions({
  queryKey: ["users"],
  queryFn: async ({ signal }) => {
    const found: User[] = [];
    let cursor: string | null = null;
    do {
      const query = { limit: 200, ...(cursor ? { cursor } : {}) };
      const page: { results: User[]; next: string | null } = await result(
        api.GET("/api/users", { params: { query }, signal }),
      );
      found.push(...page.results);
      cursor = page.next;
    } while (cursor);
    return found;
  },
});

/** Users that every fleet has; nobody is invited as them. */
const BUILT_IN: Record<string, string> = {
  local: "this machine's owner",
  public: "holds the account that all may see",
};

interface Asked {
  user: User;
  title: string;
  action: string;
  change: Change;
  meaning: string;
}

export function People() {
  const all = useQuery(users);
  const [address, setAddress] = useState("");
  const [asked, ask] = useState<Asked | null>(null);
  const cache = useQueryClient();
  const refresh = () => cache.invalidateQueries({ queryKey: users.queryKey });
  const invite = async () => {
    try {
      const made = await result(api.POST("/api/users/invitations", { body: {} }));
      setAddress(`${location.origin}/?invitation=${made.token ?? ""}`);
    } catch (error) {
      complain(error);
    }
  };
  return (
    <Card
      title="People"
      bare
      end={
        <Button small onClick={invite}>
          Invite somebody
        </Button>
      }
    >
      {address && (
        <div className="card-body">
          <Secret label="An address that admits one, for three days" text={address} />
        </div>
      )}
      <Answer of={all}>
        {(found) => (
          <div className="scroll-x">
            <table className="simple">
              <thead>
                <tr>
                  <th>Name</th>
                  <th className="left">Role</th>
                  <th>Since</th>
                  <th>
                    <span className="visually-hidden">Actions</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {found.map((user) => (
                  <tr key={user.id}>
                    <td>
                      {user.name} <span className="dim small">{BUILT_IN[user.name]}</span>
                    </td>
                    <td className="left">{user.disabled_at ? <span className="badge">Shut out</span> : user.role}</td>
                    <td>
                      <Time at={user.created_at} />
                    </td>
                    <td>{!(user.name in BUILT_IN) && <Actions of={user} onAsk={ask} />}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Answer>
      {asked && (
        <Confirm
          title={asked.title}
          action={asked.action}
          danger={asked.change.disabled === true}
          onClose={() => ask(null)}
          onConfirm={async () => {
            const path = { user_id: asked.user.id };
            await result(api.PATCH("/api/users/{user_id}", { params: { path }, body: asked.change }));
            await refresh();
          }}
        >
          {asked.meaning}
        </Confirm>
      )}
    </Card>
  );
}

function Actions({ of, onAsk }: { of: User; onAsk: (asked: Asked) => void }) {
  const isAdmin = of.role === "admin";
  const role: Asked = {
    user: of,
    title: isAdmin ? `Make ${of.name} a user like others?` : `Make ${of.name} an admin?`,
    action: isAdmin ? "Make a user" : "Make an admin",
    change: { role: isAdmin ? "user" : "admin" },
    meaning: "Admins invite people, shut them out, operate the fleet and read the audit log.",
  };
  const out: Asked = of.disabled_at
    ? {
        user: of,
        title: `Let ${of.name} in again?`,
        action: "Let in",
        change: { disabled: false },
        meaning: "With the password and the accounts as they were.",
      }
    : {
        user: of,
        title: `Shut ${of.name} out?`,
        action: "Shut out",
        change: { disabled: true },
        meaning:
          "Sessions, keys, public links, alerts and webhooks stop at once, live accounts are back to paper. " +
          "Accounts and trades stay, and open trades go on.",
      };
  return (
    <>
      {[role, out].map((each) => (
        <Button key={each.action} small kind="quiet" onClick={() => onAsk(each)}>
          {each.action}
        </Button>
      ))}
    </>
  );
}
