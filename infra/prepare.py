"""What must be there before the processes start: every owner's tables, and the bucket of the object store."""

from urllib.parse import urlsplit

from infra.credentials import OWNERS
from shared.config import Settings
from shared.migrations import migrate


def prepare(settings: Settings) -> None:
    """Bring every owner's database to its newest version and make the bucket; do nothing where all is there."""
    if settings.mode == "embedded":
        settings.data.mkdir(parents=True, exist_ok=True)
    for owner in OWNERS:
        migrate(owner, settings.owner_url(owner))
    store = urlsplit(settings.blobs)
    if store.scheme == "s3":
        from minio import Minio  # an embedded platform starts without it

        client = Minio(store.netloc, settings.s3_access_key, settings.s3_secret_key, secure=False, region="us-east-1")
        bucket = store.path.strip("/")
        if not client.bucket_exists(bucket):
            client.make_bucket(bucket)
