/** A text that is shown this once, with a way to take it along; browsers give pages none over plain http. */
import { Button } from "./button";
import { toast } from "./toasts";

export function Secret({ label, text }: { label: string; text: string }) {
  return (
    <div className="notice notice-good">
      <p>{label}, shown this once:</p>
      <p className="secret">
        <code>{text}</code>
        {isSecureContext && (
          <Button small onClick={() => void navigator.clipboard.writeText(text).then(() => toast("Copied"))}>
            Copy
          </Button>
        )}
      </p>
    </div>
  );
}
