/** The reader's password and sessions; for admins the people and their invitations. */
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { TextField } from "@/components/ui/fields";
import { complain, toast } from "@/components/ui/toasts";
import { api, result } from "@/lib/api/client";
import { People } from "./people";

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
