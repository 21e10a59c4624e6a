from pathlib import Path

from streams.settings import LogLevel, Protocol, RecordTime, Security, Settings
from streams.worker.group import ProcessPlace
from streams.worker.supervision.handover import Handover, decode_handover, encode_handover


def test_all_settings_arrive_as_they_were() -> None:
    settings = Settings(
        data_dir=Path("somewhere/else"),
        record_time=RecordTime.CREATE,
        log_level=LogLevel.DEBUG,
        commit_interval=250,
        store_memory=2**30,
        instance="shop-2",
        security=Security(
            protocol=Protocol.SASL_SSL, ca_file=Path("/ca.pem"), password="two\nlines"
        ),
    )
    handover = Handover(settings, ProcessPlace(2, Path("/tmp/sendflow/2")))
    line = encode_handover(handover)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert decode_handover(line) == handover


def test_a_place_has_a_path_of_its_own() -> None:
    assert ProcessPlace(12, Path("/tmp/12")).path == "/processes/12"
