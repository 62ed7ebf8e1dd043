"""What may be asked about imports, and what is answered."""

from marshmallow import Schema, fields, validate

from shared.schema import Listing, Moment, WireSchema

NAME = validate.Length(max=200)
OUTCOMES = ("pending", "accepted", "repeated", "rejected")


class ImportFile(WireSchema):
    """``unit`` and ``channel`` (names or ids) stand in where rows name none; ``taken_at`` is when it was exported."""

    filename = fields.Str(load_default="", validate=NAME)
    unit = fields.Str(load_default="", validate=NAME)
    channel = fields.Str(load_default="", validate=NAME)
    taken_at = Moment()
    dry_run = fields.Bool(load_default=False)


class ListImports(Listing):
    dry_run = fields.Bool()


class ListRows(Listing):
    outcome = fields.Str(validate=validate.OneOf(OUTCOMES))


class Understood(Schema):
    """A table of the file: what it was taken for."""

    name = fields.Str(required=True)
    format = fields.Str(required=True)
    rows = fields.Int(required=True)


class Shown(Understood):
    """``columns`` maps what a column means to what the file calls it; ``sample`` has the first rows' cells."""

    columns = fields.Dict(keys=fields.Str(), values=fields.Str(), required=True)
    sample = fields.List(fields.List(fields.Str()), required=True)


class Counts(Schema):
    """``repeated`` rows had been told before; ``waiting`` ones are in review and want the file once more."""

    total = fields.Int(required=True)
    done = fields.Int(required=True)
    accepted = fields.Int(required=True)
    repeated = fields.Int(required=True)
    rejected = fields.Int(required=True)
    waiting = fields.Int(required=True)


class Import(Schema):
    id = fields.UUID(required=True)
    account_id = fields.UUID(required=True)
    filename = fields.Str(required=True)
    unit_id = fields.UUID(required=True, allow_none=True)
    channel_id = fields.UUID(required=True, allow_none=True)
    taken_at = fields.AwareDateTime(required=True)
    dry_run = fields.Bool(required=True)
    tables = fields.List(fields.Nested(Understood), required=True)
    state = fields.Str(required=True, validate=validate.OneOf(("running", "done", "failed")))
    reason = fields.Str(required=True, allow_none=True)
    rows = fields.Nested(Counts, required=True)
    created_at = fields.AwareDateTime(required=True)
    finished_at = fields.AwareDateTime(required=True, allow_none=True)


class OneImport(Import):
    tables = fields.List(fields.Nested(Shown), required=True)


class ImportRow(Schema):
    """``row`` is the number that a spreadsheet shows; ``field`` a column, or the code of a refusal."""

    row = fields.Str(required=True)
    outcome = fields.Str(required=True, validate=validate.OneOf(OUTCOMES))
    about = fields.Str(required=True)
    field = fields.Str(required=True, allow_none=True)
    reason = fields.Str(required=True, allow_none=True)
    id = fields.Str(required=True, allow_none=True)
