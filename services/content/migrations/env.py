"""Content's tables, brought up to date."""

from services.content.projections import metadata
from shared.log import tables
from shared.migrations import run

run(tables.metadata, metadata)
