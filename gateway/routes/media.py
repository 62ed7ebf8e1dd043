"""Routes of media: assets, uploads, shoots and live streams."""

from gateway import tus
from gateway.operations import Operation, route
from gateway.resources.assets import Assets
from gateway.resources.live_streams import LiveStreams
from gateway.resources.shoots import Shoots
from gateway.resources.uploads import Uploads
from gateway.routes.rows import does, lists, makes, reads
from gateway.schemas import listing, without
from gateway.schemas.media import Asset, LiveStream, OneAsset, OneLiveStream, Shoot, ShootPage
from shared.contracts.media import requests as media

ASSET, UPLOAD = "/v1/assets/{asset_id:uuid}", "/v1/assets/uploads/{upload_id:uuid}"
SHOOT, STREAM = "/v1/shoots/{shoot_id:uuid}", "/v1/live-streams/{stream_id:uuid}"


def _on_stream(summary: str, body: type) -> Operation:
    return does("live_stream.write", summary, without(body, "stream_id"))


ROUTES = (
    route("/v1/assets", Assets, GET=lists("asset.read", "Assets, last added first.", media.ListAssets, Asset)),
    route(ASSET, Assets, "one",
          GET=reads("asset.read", "An asset.", OneAsset),
          PATCH=does("asset.write", "Describe an asset anew.", without(media.DescribeAsset, "asset_id"),
                     needs_version=True)),
    route(ASSET + "/withdrawal", Assets, "withdrawal",
          POST=does("asset.write", "Withdraw an asset.", without(media.WithdrawAsset, "asset_id"))),
    route(ASSET + "/renditions/{name}", Assets, "rendition",
          GET=Operation(action="asset.read", summary="A file: thumbnail, web or original.", answers_with="image/*")),
    route("/v1/assets/uploads", Uploads,
          POST=Operation(action="asset.write", summary="Create an upload (tus 1.0).", status=201, takes=tus.BYTES)),
    route(UPLOAD, Uploads, "one",
          HEAD=Operation(action="asset.write", summary="Where an upload stands (tus 1.0)."),
          PATCH=Operation(action="asset.write", summary="Send bytes of an upload (tus 1.0).", status=204,
                          takes=tus.BYTES),
          DELETE=Operation(action="asset.write", summary="Give up an upload (tus 1.0).", status=204)),
    route("/v1/shoots", Shoots,
          GET=Operation(action="shoot.read", summary="Shoots, latest first.", query=listing(media.ListShoots),
                        answer=ShootPage()),
          POST=makes("shoot.write", "Plan a shoot.", media.PlanShoot())),
    route(SHOOT, Shoots, "one", GET=reads("shoot.read", "A shoot.", Shoot)),
    route(SHOOT + "/completion", Shoots, "completion",
          POST=does("shoot.write", "Note that a shoot was done.", without(media.CompleteShoot, "shoot_id"))),
    route(SHOOT + "/photographs", Shoots, "photographs",
          POST=does("shoot.write", "Deliver photographs from a shoot.", without(media.DeliverPhotos, "shoot_id"))),
    route("/v1/live-streams", LiveStreams,
          GET=lists("live_stream.read", "Live streams, latest first.", media.ListStreams, LiveStream),
          POST=makes("live_stream.write", "Plan a live stream.", media.PlanStream())),
    route(STREAM, LiveStreams, "one", GET=reads("live_stream.read", "A live stream.", OneLiveStream)),
    route(STREAM + "/start", LiveStreams, "start", POST=_on_stream("Note that a stream began.", media.StartStream)),
    route(STREAM + "/viewers", LiveStreams, "viewers",
          POST=_on_stream("Note a stream's viewers at one moment.", media.SampleViewers)),
    route(STREAM + "/end", LiveStreams, "end", POST=_on_stream("Note that a stream ended.", media.EndStream)),
)  # fmt: skip
