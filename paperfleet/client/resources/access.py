"""`client.session`, `client.users` and `client.links`: who one is, who may come in, what is shown to anybody."""

from paperfleet.client.answers.access import Invitation, Invited, Link, NewLink, Session, Shared, User
from paperfleet.client.calls import PAGE_LIMIT, Call, Page, given, keyed, nothing, reading, segment
from paperfleet.client.modes import M, Resource, listing, operation
from paperfleet.client.wishes import Role

_session = reading(Session)
_user = reading(User)
_users = reading(Page[User])
_invitations = reading(Page[Invitation])
_invited = reading(Invited)
_links = reading(Page[Link])
_new_link = reading(NewLink)
_shared = reading(Shared)


class Sessions(Resource[M]):
    """The caller."""

    @operation
    def read(self) -> Call[Session]:
        """Who one is here, by which credential, and the accounts within reach; without a key it is nobody."""
        return Call("GET", "/api/session/", _session)


class Users(Resource[M]):
    """Users and invitations, for admins."""

    @listing
    def list(self, *, limit: int = PAGE_LIMIT) -> Call[Page[User]]:
        """By id."""
        return Call("GET", "/api/users/", _users, query={"limit": limit})

    @operation
    def read(self, user_id: int) -> Call[User]:
        """One user."""
        return Call("GET", f"/api/users/{segment(user_id)}/", _user)

    @operation
    def edit(self, user_id: int, *, role: Role | None = None, disabled: bool | None = None) -> Call[User]:
        """A disabled user's sessions and keys end at once. Raises Conflict where no admin would be left."""
        body = given({"role": role, "disabled": disabled})
        return Call("PATCH", f"/api/users/{segment(user_id)}/", _user, body=body)

    @listing
    def invitations(self, *, limit: int = PAGE_LIMIT) -> Call[Page[Invitation]]:
        """Newest first: open, used and withdrawn ones."""
        return Call("GET", "/api/users/invitations/", _invitations, query={"limit": limit})

    @operation
    def invite(
        self, *, role: Role = "user", hours: int = 72, note: str = "", idempotency_key: str | None = None
    ) -> Call[Invited]:
        """Whoever has the token, which is told this once, can become a user, once, in so many hours."""
        body = {"role": role, "hours": hours, "note": note}
        return Call("POST", "/api/users/invitations/", _invited, body=body, headers=keyed(idempotency_key))

    @operation
    def withdraw(self, invitation_id: int) -> Call[None]:
        """An invitation that nobody has used."""
        return Call("DELETE", f"/api/users/invitations/{segment(invitation_id)}/", nothing)


class Links(Resource[M]):
    """Public links to an account's performance."""

    @listing
    def list(self, account_id: int, *, limit: int = PAGE_LIMIT) -> Call[Page[Link]]:
        """Newest first, ended ones included."""
        return Call("GET", f"/api/accounts/{segment(account_id)}/links/", _links, query={"limit": limit})

    @operation
    def create(
        self, account_id: int, name: str, *, days: int | None = None, idempotency_key: str | None = None
    ) -> Call[NewLink]:
        """One that holds for so many days, or until it is revoked (None). Its token is told this once."""
        path, body = f"/api/accounts/{segment(account_id)}/links/", {"name": name, "days": days}
        return Call("POST", path, _new_link, body=body, headers=keyed(idempotency_key))

    @operation
    def revoke(self, account_id: int, link_id: int) -> Call[None]:
        """It shows nothing any more."""
        return Call("DELETE", f"/api/accounts/{segment(account_id)}/links/{segment(link_id)}/", nothing)

    @operation
    def shared(self, token: str, *, days: int | None = None) -> Call[Shared]:
        """What whoever has the token sees."""
        return Call("GET", f"/api/public/{segment(token)}/performance/", _shared, query={"days": days})
