"""Channels: from building to closed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.content import channel
from services.content.channel import ChangeChannelStatus, OpenChannel, RenameChannel
from shared.contracts.content.events import ChannelOpened, ChannelRenamed, ChannelStatus, ChannelStatusChanged
from shared.errors import NotFound, RuleBroken
from shared.testing import Scenario

CHANNEL, UNIT = UUID(int=1), UUID(int=2)
OPENED_AT, NOW = datetime(2020, 1, 1, tzinfo=UTC), datetime(2021, 7, 1, tzinfo=UTC)
OPENED = ChannelOpened(
    channel_id=CHANNEL, unit_id=UNIT, kind="website", name="新闻网", handle=None, official=True, tier="college_site",
    status="active", opened_at=OPENED_AT,
)  # fmt: skip
OPEN = OpenChannel(
    channel_id=CHANNEL, unit_id=UNIT, kind="website", name="新闻网", handle=None, official=True, tier="college_site",
    status="active", opened_at=OPENED_AT, now=NOW,
)  # fmt: skip
CLOSE = ChangeChannelStatus(channel_id=CHANNEL, status="closed", at=NOW, now=NOW)
channels = Scenario(channel)


def changed(status: ChannelStatus, at: datetime = NOW) -> ChannelStatusChanged:
    return ChannelStatusChanged(channel_id=CHANNEL, unit_id=UNIT, status=status, at=at)


def test_a_channel_is_opened_by_a_unit() -> None:
    channels.when(OPEN).then(OPENED)


def test_a_channel_is_opened_once() -> None:
    channels.given(OPENED).when(OPEN).then_refused(RuleBroken, "content.channel_exists")


def test_only_a_website_has_a_tier() -> None:
    channels.when(replace(OPEN, kind="douyin")).then_refused(RuleBroken, "content.tier_needs_website")
    channels.when(replace(OPEN, kind="douyin", tier="none")).then(replace(OPENED, kind="douyin", tier="none"))


def test_no_channel_is_opened_in_the_future() -> None:
    late = replace(OPEN, opened_at=NOW + timedelta(seconds=1))
    channels.when(late).then_refused(RuleBroken, "content.in_future")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("building", "active"), ("building", "closed"), ("active", "dormant"), ("active", "closed"),
        ("dormant", "active"), ("dormant", "closed"),
    ],
)  # fmt: skip
def test_a_channel_takes_these_steps(before: ChannelStatus, after: ChannelStatus) -> None:
    channels.given(replace(OPENED, status=before)).when(replace(CLOSE, status=after)).then(changed(after))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("building", "dormant"), ("active", "building"), ("dormant", "building"), ("closed", "building"),
        ("closed", "active"), ("closed", "dormant"),
    ],
)  # fmt: skip
def test_a_channel_takes_no_other_step(before: ChannelStatus, after: ChannelStatus) -> None:
    opened = replace(OPENED, status=before)
    channels.given(opened).when(replace(CLOSE, status=after)).then_refused(RuleBroken, "content.channel_step")


def test_becoming_what_it_is_records_nothing() -> None:
    channels.given(OPENED, changed("closed")).when(CLOSE).then()


def test_a_change_lies_between_the_last_one_and_now() -> None:
    early = replace(CLOSE, at=OPENED_AT - timedelta(seconds=1))
    channels.given(OPENED).when(early).then_refused(RuleBroken, "content.channel_changed_later")
    late = replace(CLOSE, at=NOW + timedelta(seconds=1))
    channels.given(OPENED).when(late).then_refused(RuleBroken, "content.in_future")


def test_a_channel_is_renamed() -> None:
    rename = RenameChannel(channel_id=CHANNEL, name="水声新闻网")
    channels.given(OPENED).when(rename).then(ChannelRenamed(channel_id=CHANNEL, unit_id=UNIT, name="水声新闻网"))
    channels.given(OPENED).when(replace(rename, name="新闻网")).then()
    channels.given(OPENED, changed("closed")).when(rename).then_refused(RuleBroken, "content.channel_closed")


def test_what_was_never_opened_cannot_change() -> None:
    for command in (CLOSE, RenameChannel(channel_id=CHANNEL, name="x")):
        channels.when(command).then_refused(NotFound, "content.channel_not_found")
