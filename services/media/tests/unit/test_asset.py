"""An asset's rules."""

from dataclasses import replace
from uuid import uuid4

from services.media import asset
from services.media.asset import AddAsset, DescribeAsset, WithdrawAsset, asset_id_of
from shared.contracts.media.events import AssetAdded, AssetDescribed, AssetWithdrawn
from shared.errors import NotFound, RuleBroken
from shared.testing import Scenario

ID, UNIT, ANN = uuid4(), uuid4(), uuid4()
library = Scenario(asset)
ADDED = AssetAdded(
    asset_id=ID, unit_id=UNIT, media_type="image/jpeg", filename="a.jpg", title="开学", tags=("校园",), bytes=9,
    sha256="ab", width=6, height=4, taken_at=None, camera=None, photographer_id=None, photographer=None,
    depicts_id=None, blob="media/originals/x", by=ANN,
)  # fmt: skip
WITHDRAWN = AssetWithdrawn(asset_id=ID, unit_id=UNIT, reason="blurred", files_removed=False)
REMOVED = AssetWithdrawn(asset_id=ID, unit_id=UNIT, reason="erased", files_removed=True)
DESCRIBE = DescribeAsset(asset_id=ID, title="毕业", tags=("校园", "夏"), by=ANN)


def test_a_new_file_is_added() -> None:
    library.when(AddAsset(added=ADDED)).then(ADDED)


def test_the_same_file_again_is_no_news() -> None:
    library.given(ADDED).when(AddAsset(added=replace(ADDED, title="other"))).then()


def test_a_withdrawn_file_does_not_come_back() -> None:
    library.given(ADDED, WITHDRAWN).when(AddAsset(added=ADDED)).then_refused(RuleBroken, "asset.withdrawn")


def test_an_asset_is_described_anew() -> None:
    described = AssetDescribed(asset_id=ID, unit_id=UNIT, title="毕业", tags=("校园", "夏"), by=ANN)
    library.given(ADDED).when(DESCRIBE).then(described)


def test_the_same_description_records_nothing() -> None:
    library.given(ADDED).when(replace(DESCRIBE, title="开学", tags=("校园",))).then()


def test_a_withdrawn_asset_is_described_no_more() -> None:
    library.given(ADDED, WITHDRAWN).when(DESCRIBE).then_refused(RuleBroken, "asset.withdrawn")


def test_withdrawing_twice_records_once() -> None:
    command = WithdrawAsset(asset_id=ID, reason="blurred")
    library.given(ADDED).when(command).then(WITHDRAWN)
    library.given(ADDED, WITHDRAWN).when(command).then()


def test_files_are_removed_once_of_a_withdrawn_asset_too() -> None:
    command = WithdrawAsset(asset_id=ID, reason="erased", remove_files=True)
    library.given(ADDED, WITHDRAWN).when(command).then(REMOVED)
    library.given(ADDED, WITHDRAWN, REMOVED).when(command).then()


def test_what_was_never_added_is_not_found() -> None:
    library.when(DESCRIBE).then_refused(NotFound, "asset.not_found")
    library.when(WithdrawAsset(asset_id=ID, reason="r")).then_refused(NotFound, "asset.not_found")


def test_the_same_content_is_the_same_asset_in_one_unit_and_another_in_the_next() -> None:
    """S42."""
    assert asset_id_of(UNIT, "ab") == asset_id_of(UNIT, "ab")
    assert asset_id_of(UNIT, "ab") != asset_id_of(uuid4(), "ab")
