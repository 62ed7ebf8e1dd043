"""What the service keeps besides its log and its read models: uploads under way, and assets being stored."""

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, MetaData, Table, Text, Uuid

from shared.database import UtcDateTime

metadata = MetaData()

# ``received`` bytes of ``length`` are safe. With an ``asset_id`` the upload is finished and only answers repetitions;
# ``position`` is then where the log says that the asset was added, 0 when the unit had that file already.
upload = Table(
    "upload",
    metadata,
    Column("upload_id", Uuid, primary_key=True),
    Column("unit_id", Uuid, nullable=False),
    Column("account_id", Uuid, nullable=False),
    Column("length", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("filename", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("photographer_id", Uuid),
    Column("photographer", Text),
    Column("depicts_id", Uuid),
    Column("asset_id", Uuid),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("position", BigInteger),
    Index("upload_by_unit", "unit_id", "position", "length"),
    Index("upload_by_expiry", "expires_at"),
)

upload_part = Table(
    "upload_part",
    metadata,
    Column("upload_id", Uuid, ForeignKey("upload.upload_id", ondelete="CASCADE"), primary_key=True),
    Column("start", BigInteger, primary_key=True),
    Column("bytes", BigInteger, nullable=False),
    Column("blob", Text, nullable=False),
)

# Assets whose files are being written or removed: written before the first file is touched, gone after the last one.
# What a crash leaves here tells the sweeper which files to look at.
storing = Table(
    "storing",
    metadata,
    Column("asset_id", Uuid, primary_key=True),
    Column("unit_id", Uuid, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("touched_at", UtcDateTime, nullable=False),
)
