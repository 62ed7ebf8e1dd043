"""Who may do what: roles and the actions they hold. What is not named here is refused."""

from typing import Literal, get_args

Role = Literal["admin", "office_editor", "college_editor", "correspondent", "photographer", "viewer", "ops"]
ROLES: tuple[Role, ...] = get_args(Role)

READ = frozenset({
    "unit.read", "channel.read", "article.read", "review.read", "term_list.read", "asset.read", "shoot.read",
    "live_stream.read", "training.read", "figure.read", "matrix.read",
})  # fmt: skip
WRITE_ARTICLES = frozenset({"article.write", "article.submit", "article.withdraw", "import.write"})
EDIT = WRITE_ARTICLES | {
    "article.publish", "review.decide", "channel.write", "asset.write", "shoot.write", "live_stream.write",
    "training.write", "figure.write",
}  # fmt: skip
GOVERN = frozenset({"unit.write", "review.override", "scheme.write", "term_list.write", "policy.write"})
OPERATE = frozenset({"ops.read", "ops.write"})

ACTIONS: dict[Role, frozenset[str]] = {
    "admin": READ | EDIT | GOVERN | OPERATE | {"account.write", "person.erase"},
    "office_editor": READ | EDIT | GOVERN,
    "college_editor": READ | EDIT,
    "correspondent": READ | WRITE_ARTICLES | {"asset.write"},
    "photographer": READ | {"asset.write", "shoot.write"},
    "viewer": READ,
    "ops": OPERATE | {"matrix.read"},
}
EVERY_UNIT = "*"
