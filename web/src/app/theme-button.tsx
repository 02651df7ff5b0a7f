/** Light or dark. */
import { useState } from "react";
import { Button } from "@/components/ui/button";

const current = () => (document.documentElement.dataset.theme === "light" ? "light" : "dark");

export function ThemeButton() {
  const [theme, setTheme] = useState(current);
  const other = theme === "dark" ? "light" : "dark";
  return (
    <Button
      kind="quiet"
      icon={theme === "dark" ? "sun" : "moon"}
      aria-label={`Use the ${other} theme`}
      title={`Use the ${other} theme`}
      onClick={() => {
        document.documentElement.dataset.theme = other;
        setTheme(other);
        try {
          localStorage.setItem("theme", other);
        } catch {
          // It lasts as long as this page then.
        }
      }}
    />
  );
}
