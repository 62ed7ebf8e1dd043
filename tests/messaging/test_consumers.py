"""The written list of consumers is what the services' doors say."""

from infra.services import service_classes
from shared.contracts import REGISTRY
from shared.contracts.consumers import CONSUMERS, MATRIX
from shared.messaging import doors


def test_every_subscription_is_in_the_written_list_and_the_other_way_round():
    subscribed = [found for service in service_classes() for found in doors(service).subscriptions.values()]
    assert sorted(subscribed, key=lambda found: found.name) == sorted(
        (found for found in CONSUMERS if found != MATRIX), key=lambda found: found.name
    )


def test_names_are_unique_and_begin_with_who_consumes():
    names = [found.name for found in CONSUMERS]
    assert len(names) == len(set(names))
    owners = {service.name for service in service_classes()} | {"gateway"}  # type: ignore[attr-defined]
    assert {name.partition(".")[0] for name in names} <= owners


def test_every_type_in_the_list_is_published_and_the_matrix_takes_all():
    assert all(name in REGISTRY.types for found in CONSUMERS for name in found.types)
    assert all(MATRIX.takes(name) for name in REGISTRY.types)
