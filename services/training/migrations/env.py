"""Training's tables, brought up to date."""

from services.training.projections import metadata
from shared.log import tables
from shared.migrations import run

run(tables.metadata, metadata)
