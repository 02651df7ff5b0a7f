/** What is shown in place of a page that failed, or that there is not. */
import { Link, useRouteError } from "react-router";
import { Button } from "@/components/ui/button";
import { Empty, Failure } from "@/components/ui/states";
import { ApiError } from "@/lib/api/client";

export function PageFailure({ missing }: { missing?: boolean }) {
  const error = useRouteError();
  if (missing) {
    return (
      <div className="page">
        <Empty icon="search" title="There is no such page">
          <Link to="/">To the overview</Link>
        </Empty>
      </div>
    );
  }
  // After an update, the files of the version before are gone: the page must be loaded anew.
  const isOutdated = error instanceof TypeError && /import/i.test(error.message);
  return (
    <div className="page">
      {isOutdated ? (
        <Empty icon="download" title="There is a new version">
          <Button onClick={() => location.reload()}>Load it</Button>
        </Empty>
      ) : error instanceof ApiError ? (
        <Failure error={error} retry={() => location.reload()} />
      ) : (
        <Empty icon="warning" title="This page has failed">
          {error instanceof Error ? error.message : String(error)}{" "}
          <Button onClick={() => location.reload()}>Load it anew</Button>
        </Empty>
      )}
    </div>
  );
}
