"""The gateway's tables, brought up to date."""

from gateway.accounts import tables as accounts
from gateway.importing import tables as importing
from gateway.matrix import tables as matrix
from shared.migrations import run

run(accounts.metadata, importing.metadata, matrix.metadata, matrix.state)
