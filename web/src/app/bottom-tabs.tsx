/** Navigation of a phone. */
import { useState } from "react";
import { NavLink } from "react-router";
import { Dialog } from "@/components/ui/dialog";
import { Icon } from "@/components/ui/icons";
import { PLACES } from "./navigation";

export function BottomTabs() {
  const [more, showMore] = useState(false);
  return (
    <>
      <nav className="tabs-bottom" aria-label="Pages, short">
        {PLACES.filter((place) => place.first).map(({ to, name, icon }) => (
          <NavLink key={to} to={to} end={to === "/"}>
            <Icon name={icon} size={18} />
            {name.split(" ")[0]}
          </NavLink>
        ))}
        <button type="button" onClick={() => showMore(true)}>
          <Icon name="more" size={18} />
          More
        </button>
      </nav>
      {more && (
        <Dialog title="More pages" onClose={() => showMore(false)}>
          {PLACES.filter((place) => !place.first).map(({ to, name, icon }) => (
            <NavLink key={to} to={to} className="popup-item" onClick={() => showMore(false)}>
              <Icon name={icon} />
              {name}
            </NavLink>
          ))}
        </Dialog>
      )}
    </>
  );
}
