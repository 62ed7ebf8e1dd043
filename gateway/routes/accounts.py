"""Routes of accounts, keys and sessions."""

from gateway.operations import PUBLIC, SIGNED_IN, Operation, route
from gateway.resources.accounts import AccountBook
from gateway.resources.people import Colleagues
from gateway.resources.sessions import Sessions
from gateway.routes.rows import lists, reads
from gateway.schemas import page
from gateway.schemas.accounts import (
    Account,
    AddAccount,
    ChangeAccount,
    Changed,
    ChoosePassword,
    GivePassword,
    Issued,
    IssueKey,
    ListAccounts,
    Me,
    NamesQuery,
    OneAccount,
    OneTimePassword,
    Person,
    SignIn,
)

ACCOUNT = "/v1/accounts/{account_id:uuid}"
WRITE = "account.write"

ROUTES = (
    route("/v1/session", Sessions,
          POST=Operation(action=PUBLIC, summary="Sign in with a password or a key: sets a cookie.", body=SignIn(),
                         answer=Me(), status=201),
          DELETE=Operation(action=SIGNED_IN, summary="Sign out.", status=204)),
    route("/v1/sessions", Sessions, "all",
          DELETE=Operation(action=SIGNED_IN, summary="Sign out everywhere.", status=204)),
    route("/v1/me/password", Sessions, "password",
          PUT=Operation(action=SIGNED_IN, summary="Choose another password; every other session ends.",
                        body=ChoosePassword(), answer=Me())),
    route("/v1/me", Sessions, "me", GET=reads(SIGNED_IN, "Who is asking, and what they may do.", Me)),
    route("/v1/people", Colleagues,
          GET=Operation(action=SIGNED_IN, summary="Names of those whom a record names by id.", query=NamesQuery(),
                        answer=page(Person))),
    route("/v1/accounts", AccountBook,
          GET=lists(WRITE, "Accounts.", ListAccounts, Account),
          POST=Operation(action=WRITE, summary="Make an account.", body=AddAccount(), answer=Changed(), status=201)),
    route(ACCOUNT, AccountBook, "one",
          GET=reads(WRITE, "An account with its keys.", OneAccount),
          PATCH=Operation(action=WRITE, summary="Change an account; it acts at once.", body=ChangeAccount(),
                          answer=Changed(), needs_version=True)),
    route(ACCOUNT + "/keys", AccountBook, "keys",
          POST=Operation(action=WRITE, summary="Issue a key; it is shown once.", body=IssueKey(), answer=Issued(),
                         status=201)),
    route(ACCOUNT + "/password", AccountBook, "password",
          POST=Operation(action=WRITE, summary="Give a one-time password, shown once; every session ends.",
                         body=GivePassword(), answer=OneTimePassword(), status=201),
          DELETE=Operation(action=WRITE, summary="Take the password away; every session ends.", status=204)),
    route(ACCOUNT + "/sessions", AccountBook, "sessions",
          DELETE=Operation(action=WRITE, summary="Sign somebody out everywhere.", status=204)),
    route("/v1/keys/{key_id:uuid}", AccountBook, "key",
          DELETE=Operation(action=WRITE, summary="Revoke a key.", status=204)),
)  # fmt: skip
