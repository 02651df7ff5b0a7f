/** Keys for programs: made, shown once, replaced, revoked. */
import { queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Time } from "@/components/trade/labels";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { Confirm } from "@/components/ui/confirm";
import { NumberField, SelectField, TextField } from "@/components/ui/fields";
import { Secret } from "@/components/ui/secret";
import { Answer, Empty } from "@/components/ui/states";
import { complain } from "@/components/ui/toasts";
import { api, result, type Schemas } from "@/lib/api/client";

type Key = Schemas["ApiKey"];
type Scope = Schemas["Scope"];

const keys = queryOptions({
  queryKey: ["keys"],
  queryFn: async ({ signal }) =>
    (await result(api.GET("/api/keys", { params: { query: { limit: 200 } }, signal }))).results,
});

/** For so long both hold, the replaced key and the new one. */
const OVERLAP_HOURS = 24;

const REACH: Record<string, Scope[]> = { read: ["read"], trade: ["read", "trade"] };

export function KeysTab() {
  const asked = useQuery(keys);
  const [made, setMade] = useState<string | null>(null);
  const [replacing, replace] = useState<Key | null>(null);
  const [revoking, revoke] = useState<Key | null>(null);
  const cache = useQueryClient();
  const refresh = () => cache.invalidateQueries({ queryKey: keys.queryKey });
  return (
    <div className="grid cols-wide">
      <Card title="Keys" bare>
        <Answer of={asked}>
          {(all) =>
            all.length ? (
              <div className="scroll-x">
                <table className="simple">
                  <thead>
                    <tr>
                      <th>Name</th>
                      <th className="left">May</th>
                      <th>Made</th>
                      <th>Last used</th>
                      <th>Ends</th>
                      <th>
                        <span className="visually-hidden">Actions</span>
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    {all.map((key) => (
                      <tr key={key.id}>
                        <td>{key.name}</td>
                        <td className="left">{key.scopes.join(", ")}</td>
                        <td>
                          <Time at={key.created_at} />
                        </td>
                        <td>
                          <Time at={key.last_used_at} />
                        </td>
                        <td>
                          {key.revoked_at ? <span className="badge">Revoked</span> : <Time at={key.expires_at} />}
                        </td>
                        <td>
                          {!key.revoked_at && (
                            <>
                              <Button small kind="quiet" onClick={() => replace(key)}>
                                Replace
                              </Button>
                              <Button small kind="quiet" onClick={() => revoke(key)}>
                                Revoke
                              </Button>
                            </>
                          )}
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            ) : (
              <Empty icon="settings" title="No keys yet">
                Programs show one in place of a login.
              </Empty>
            )
          }
        </Answer>
      </Card>
      <Card title="New key">
        {made ? (
          <div className="grid">
            <Secret label="The key" text={made} />
            <Button onClick={() => setMade(null)}>I have it</Button>
          </div>
        ) : (
          <NewKey
            onMade={(text) => {
              setMade(text);
              void refresh();
            }}
          />
        )}
      </Card>
      {replacing && (
        <Confirm
          title={`Replace ${replacing.name}?`}
          action="Replace"
          onClose={() => replace(null)}
          onConfirm={async () => {
            const made = await result(
              api.POST("/api/keys/{key_id}/rotate", {
                params: { path: { key_id: replacing.id } },
                body: { overlap_hours: OVERLAP_HOURS },
              }),
            );
            setMade(made.key ?? "");
            await refresh();
          }}
        >
          A new key with the same name and rights is made; the one there is holds for {OVERLAP_HOURS} hours more.
        </Confirm>
      )}
      {revoking && (
        <Confirm
          title={`Revoke ${revoking.name}?`}
          action="Revoke"
          danger
          onClose={() => revoke(null)}
          onConfirm={async () => {
            await result(api.DELETE("/api/keys/{key_id}", { params: { path: { key_id: revoking.id } } }));
            await refresh();
          }}
        >
          It holds no longer, at once; streams that it opened end.
        </Confirm>
      )}
    </div>
  );
}

function NewKey({ onMade }: { onMade: (text: string) => void }) {
  const [name, setName] = useState("");
  const [reach, setReach] = useState("read");
  const [days, setDays] = useState("365");
  const make = async () => {
    try {
      const made = await result(
        api.POST("/api/keys", { body: { name, scopes: REACH[reach] ?? ["read"], days: days ? Number(days) : null } }),
      );
      onMade(made.key ?? "");
    } catch (error) {
      complain(error);
    }
  };
  return (
    <div className="grid">
      <TextField label="Name" value={name} onChange={setName} />
      <SelectField
        label="It may"
        value={reach}
        onChange={setReach}
        options={[
          ["read", "read"],
          ["trade", "read and trade"],
        ]}
      />
      <NumberField label="Days" hint="Empty: no end" value={days} onChange={setDays} />
      <Button disabled={!name} onClick={make}>
        Make the key
      </Button>
    </div>
  );
}
