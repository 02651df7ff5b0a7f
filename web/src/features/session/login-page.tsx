/** Signing in, or accepting an invitation that came with the address (/?invitation=...). */
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Button } from "@/components/ui/button";
import { TextField } from "@/components/ui/fields";
import { api, result } from "@/lib/api/client";
import { sentence } from "@/lib/format";
import { admitted, session } from "@/lib/queries/session";

export function LoginPage() {
  const [token] = useState(() => new URLSearchParams(location.search).get("invitation"));
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState("");
  const cache = useQueryClient();
  const enter = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setRefusal("");
    try {
      const entered = await result(
        token
          ? api.POST("/api/session/invitation", { body: { token, name, password } })
          : api.POST("/api/session", { body: { name, password } }),
      );
      cache.setQueryData(session.queryKey, admitted(entered));
      if (token) history.replaceState(null, "", "/");
    } catch (error) {
      setRefusal(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
  };
  return (
    <main className="login">
      <form className="card" onSubmit={enter}>
        <div>
          <h1>{token ? "Welcome to paperfleet" : "Sign in to paperfleet"}</h1>
          <p className="dim small">{token ? "Choose a name and a password." : "It never sends an order."}</p>
        </div>
        <TextField label="Name" autoComplete="username" required autoFocus value={name} onChange={setName} />
        <TextField
          label="Password"
          type="password"
          autoComplete={token ? "new-password" : "current-password"}
          required
          minLength={token ? 10 : undefined}
          hint={token ? "10 characters at least" : undefined}
          value={password}
          onChange={setPassword}
        />
        {refusal && (
          <p className="notice notice-bad" role="alert">
            {sentence(refusal)}
          </p>
        )}
        <Button type="submit" kind="primary" busy={busy}>
          {token ? "Begin" : "Sign in"}
        </Button>
      </form>
    </main>
  );
}
