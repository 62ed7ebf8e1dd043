"""Routes of imports."""

from gateway.operations import Operation, route
from gateway.resources.imports import Imports
from gateway.routes.rows import lists, reads
from gateway.schemas.imports import Import, ImportFile, ImportRow, ListImports, ListRows, OneImport

IMPORT = "/v1/imports/{import_id:uuid}"
WRITE = "import.write"

ROUTES = (
    route("/v1/imports", Imports,
          GET=lists(WRITE, "Imports, last begun first.", ListImports, Import),
          POST=Operation(action=WRITE, summary="Import articles or figures from a file: CSV, XLSX, XLS, HTML.",
                         query=ImportFile(), answer=OneImport(), status=202, takes="*/*")),
    route(IMPORT, Imports, "one",
          GET=reads(WRITE, "How far an import is.", OneImport),
          DELETE=Operation(action=WRITE, summary="Give an import up; what was sent stays.", status=204)),
    route(IMPORT + "/rows", Imports, "rows",
          GET=lists(WRITE, "What became of an import's rows.", ListRows, ImportRow)),
    route(IMPORT + "/report", Imports, "report",
          GET=Operation(action=WRITE, summary="What became of every row, as CSV.", answers_with="text/csv")),
)  # fmt: skip
