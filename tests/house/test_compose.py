"""What `docker compose up` starts is closed by default."""

import re

import pytest
import yaml

from tests.house.sources import ROOT

TEXT = (ROOT / "docker-compose.yml").read_text()
SERVICES = yaml.safe_load(TEXT)["services"]
VOLUMES = yaml.safe_load(TEXT)["volumes"]

each_service = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES.keys())


@each_service
def test_a_service_can_do_little(service: dict[str, object]) -> None:
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", str(service["user"]))
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]
    assert service["pids_limit"]
    assert "privileged" not in service


@each_service
def test_a_service_is_watched_and_stops_gently(service: dict[str, object]) -> None:
    assert service["healthcheck"]
    assert service["restart"] == "unless-stopped"
    assert service["stop_grace_period"] == "90s"


@each_service
def test_images_are_pinned(service: dict[str, object]) -> None:
    assert re.search(r":\d+\.\d+", str(service["image"]))


@each_service
def test_what_must_last_lies_in_a_named_volume(service: dict[str, list[str]]) -> None:
    assert service["volumes"]
    assert {volume.partition(":")[0] for volume in service["volumes"]} <= VOLUMES.keys()


def test_only_the_service_is_reached_and_only_from_this_machine() -> None:
    assert "ports" not in SERVICES["database"]
    assert SERVICES["database"]["networks"] == ["back"]
    assert yaml.safe_load(TEXT)["networks"]["back"]["internal"] is True
    assert all(port.startswith("127.0.0.1:") for port in SERVICES["app"]["ports"])


def test_no_secret_has_a_default() -> None:
    """Without `.env` compose stops with a message, before anything runs."""
    for name in ("JWT_SECRET", "ENCRYPTION_KEY", "MARIADB_PASSWORD"):
        uses = re.findall(rf"\$\{{{name}([^}}]*)\}}", TEXT)
        assert uses
        assert all(use.startswith(":?") and len(use) > 10 for use in uses)


def test_the_container_has_longer_to_stop_than_running_images_have_to_finish() -> None:
    from backend.settings import Settings

    assert Settings(_env_file=None).drain_seconds < 90


def test_the_image_is_built_from_little_and_runs_as_nobody() -> None:
    assert (ROOT / ".dockerignore").read_text().splitlines()[1] == "*"
    dockerfile = (ROOT / "Dockerfile").read_text()
    final = dockerfile.rpartition("\nFROM ")[2]
    assert re.search(r"^USER [1-9]\d*:", final, re.MULTILINE)
    assert "HEALTHCHECK" in final
    assert not re.search(r"^(?:ARG|ENV)[^\n]*(?:SECRET|PASSWORD|KEY)", dockerfile, re.MULTILINE)
    assert ":latest" not in dockerfile
