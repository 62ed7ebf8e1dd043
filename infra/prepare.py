"""What must be there before the processes start: every owner's tables, and the bucket of the object store."""

from urllib.parse import urlsplit

from sqlalchemy.exc import DBAPIError

from infra.credentials import OWNERS
from shared.config import Settings
from shared.errors import PlatformError
from shared.versions import newest_version, version_of


def prepare(settings: Settings) -> None:
    """Bring every owner's database to its newest version and make the bucket; do nothing where all is there."""
    if settings.mode == "embedded":
        settings.data.mkdir(parents=True, exist_ok=True)
    for owner in OWNERS:
        if not _is_newest(owner, url := settings.owner_url(owner)):
            from shared.migrations import migrate  # loads Alembic, for which most starts have no use

            migrate(owner, url)
    store = urlsplit(settings.blobs)
    if store.scheme == "s3":
        from minio import Minio  # an embedded platform starts without it

        client = Minio(store.netloc, settings.s3_access_key, settings.s3_secret_key, secure=False, region="us-east-1")
        bucket = store.path.strip("/")
        if not client.bucket_exists(bucket):
            client.make_bucket(bucket)


def _is_newest(owner: str, url: str) -> bool:
    """Return whether the owner's tables are what this program makes of them."""
    try:
        return version_of(url) == newest_version(owner)
    except (PlatformError, DBAPIError):  # there are none; whatever else it is, Alembic meets it too and says so
        return False
