/** The reader's password and sessions; for admins the people and their invitations. */
import { queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Time } from "@/components/trade/labels";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { TextField } from "@/components/ui/fields";
import { Secret } from "@/components/ui/secret";
import { Answer } from "@/components/ui/states";
import { complain, toast } from "@/components/ui/toasts";
import { api, result } from "@/lib/api/client";

const users = queryOptions({
  queryKey: ["users"],
  queryFn: async ({ signal }) => (await result(api.GET("/api/users", { signal }))).results,
});

export function PeopleTab({ isAdmin }: { isAdmin: boolean }) {
  return (
    <div className="grid cols-2">
      <Password />
      {isAdmin && <People />}
    </div>
  );
}

function Password() {
  const [password, setPassword] = useState("");
  const [wanted, setWanted] = useState("");
  const save = async () => {
    try {
      await result(api.POST("/api/session/password", { body: { password, new_password: wanted } }));
      setPassword("");
      setWanted("");
      toast("The password is changed; your other sessions have ended", "good");
    } catch (error) {
      complain(error);
    }
  };
  const leaveAll = async () => {
    try {
      await result(api.DELETE("/api/session/all"));
      location.assign("/");
    } catch (error) {
      complain(error);
    }
  };
  return (
    <Card title="Password and sessions">
      <form
        className="grid"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <TextField
          label="Present password"
          type="password"
          autoComplete="current-password"
          value={password}
          onChange={setPassword}
        />
        <TextField
          label="New password"
          type="password"
          autoComplete="new-password"
          minLength={10}
          hint="10 characters at least"
          value={wanted}
          onChange={setWanted}
        />
        <div className="page-head">
          <Button type="submit" disabled={!password || wanted.length < 10}>
            Change it
          </Button>
          <Button kind="quiet" onClick={leaveAll}>
            Sign out everywhere
          </Button>
        </div>
      </form>
    </Card>
  );
}

function People() {
  const asked = useQuery(users);
  const [address, setAddress] = useState("");
  const cache = useQueryClient();
  const invite = async () => {
    try {
      const made = await result(api.POST("/api/users/invitations", { body: {} }));
      setAddress(`${location.origin}/?invitation=${made.token ?? ""}`);
      void cache.invalidateQueries({ queryKey: ["users"] });
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
      <Answer of={asked}>
        {(all) => (
          <table className="simple">
            <thead>
              <tr>
                <th>Name</th>
                <th className="left">Role</th>
                <th>Since</th>
              </tr>
            </thead>
            <tbody>
              {all.map((user) => (
                <tr key={user.id}>
                  <td>{user.name}</td>
                  <td className="left">{user.disabled_at ? "disabled" : user.role}</td>
                  <td>
                    <Time at={user.created_at} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Answer>
    </Card>
  );
}
