"""Media's tables, brought up to date."""

from services.media import projections, tables
from shared.log import tables as log
from shared.migrations import run

run(log.metadata, projections.metadata, tables.metadata)
