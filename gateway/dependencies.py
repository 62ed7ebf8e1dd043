"""What the gateway is made of. The host puts it together; resources take what they need from it."""

from dataclasses import dataclass

from sqlalchemy import Engine

from gateway.accounts import Accounts
from gateway.addresses import Addresses
from gateway.auth import Access
from gateway.calls import Calls
from gateway.files import Files
from gateway.importing.desk import ImportDesk
from gateway.limits import Allowances, Limits
from gateway.matrix.desk import Matrix
from gateway.rpc import Rpc
from shared.blobs import open_blobs
from shared.config import Settings
from shared.context import CallerSigner
from shared.database import open_engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """``engine`` is the gateway's own database."""

    settings: Settings
    engine: Engine
    rpc: Rpc
    access: Access
    calls: Calls
    files: Files
    matrix: Matrix
    imports: ImportDesk
    limits: Limits
    addresses: Addresses


def open_dependencies(settings: Settings, rpc: Rpc) -> Dependencies:
    """Open what the gateway works with; its database must have been migrated.

    Raises:
        BadSetting: the address of the file storage, or of a trusted proxy, cannot be used.
    """
    engine = open_engine(settings.database_url("gateway"))
    accounts = Accounts(engine)
    matrix = Matrix(engine, settings.amqp_url if settings.mode == "distributed" else None)
    calls = Calls(rpc, CallerSigner(settings.secrets), matrix.board.freshness)
    access = Access(accounts)
    return Dependencies(
        settings=settings,
        engine=engine,
        rpc=rpc,
        access=access,
        calls=calls,
        files=Files(open_blobs(settings)),
        matrix=matrix,
        imports=ImportDesk(engine, accounts, calls),
        limits=Limits(Allowances(engine), access.in_thread),
        addresses=Addresses(settings.trusted_proxies),
    )
