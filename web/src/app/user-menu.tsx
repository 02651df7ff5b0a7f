/** Who is signed in, and the way out. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "react-router";
import { Button } from "@/components/ui/button";
import { Menu } from "@/components/ui/menu";
import { complain } from "@/components/ui/toasts";
import { api, result } from "@/lib/api/client";
import { session } from "@/lib/queries/session";

export function UserMenu() {
  const { data } = useQuery(session);
  const cache = useQueryClient();
  const navigate = useNavigate();
  if (!data || data.login === "local") return null;
  const leave = async () => {
    try {
      await result(api.DELETE("/api/session"));
      cache.clear();
      location.assign("/");
    } catch (error) {
      complain(error);
    }
  };
  return (
    <Menu
      items={[
        { label: "Settings", icon: "settings", run: () => navigate("/settings") },
        "line",
        { label: `Sign out ${data.name ?? ""}`, run: () => void leave() },
      ]}
    >
      <Button kind="quiet" icon="user" aria-label={`Signed in as ${data.name}`} title={data.name ?? ""} />
    </Menu>
  );
}
