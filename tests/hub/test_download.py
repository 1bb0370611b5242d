"""Whole downloads from a hub on the loopback: what is asked of it, what comes to lie where, and what is refused."""

from __future__ import annotations

import resource
from collections.abc import Callable
from pathlib import Path

import pytest
from huggingface_hub import scan_cache_dir, try_to_load_from_cache

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.download_events import DownloadDone, DownloadPlanned, DownloadProgressed
from lorastudio.domain.errors import Cancelled, EndpointError, KnownError, UsageError
from lorastudio.endpoints.retry import RetryPolicy
from lorastudio.hub.cache import HubCache
from lorastudio.hub.client import HubClient
from lorastudio.hub.download import Download
from lorastudio.hub.model import HubModel
from tests.fake_hub import COMMIT, TOKEN, FakeHub
from tests.hub.small_model import NAME, WEIGHTS, WEIGHTS_BYTES, small_model

Downloads = Callable[..., Download]


def content_of(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def refused(download: Downloads, *arguments: str, token: str | None = None) -> KnownError:
    with pytest.raises(KnownError) as caught:
        list(download(*arguments, token=token).run())
    return caught.value


def test_sizes_come_first_then_the_files_and_then_the_snapshot(
    hub: FakeHub, cache: HubCache, download: Downloads
) -> None:
    planned, *progress, done = download().run()
    assert isinstance(planned, DownloadPlanned) and isinstance(done, DownloadDone)
    size = sum(map(len, hub.models[NAME].files.values()))
    configs = len(hub.models[NAME].files["config.json"]) + len(hub.models[NAME].files["tokenizer_config.json"])
    assert (planned.model, planned.files, planned.size_bytes) == (f"{NAME}@{COMMIT}", 6, size)
    assert planned.missing_bytes == size - configs
    assert all(isinstance(event, DownloadProgressed) and event.size_bytes == size for event in progress)
    assert progress[-1].done_bytes == size
    assert done.fetched_bytes == size
    assert content_of(Path(done.folder)) == hub.models[NAME].files
    assert cache.snapshot(HubModel(NAME)) == cache.snapshot(HubModel(NAME, COMMIT)) == Path(done.folder)
    assert cache.unfinished() == []


def test_a_plan_fetches_the_configs_alone(hub: FakeHub, cache: HubCache, download: Downloads) -> None:
    (planned,) = download().plan()
    assert isinstance(planned, DownloadPlanned)
    assert set(hub.given) - {""} == {"config.json", "tokenizer_config.json"}
    assert cache.snapshot(HubModel(NAME)) is None


def test_hugging_faces_own_tools_find_what_was_downloaded(cache: HubCache, download: Downloads) -> None:
    list(download().run())
    found = try_to_load_from_cache(NAME, WEIGHTS, cache_dir=cache.root)
    assert isinstance(found, str) and Path(found).stat().st_size == WEIGHTS_BYTES
    (repository,) = scan_cache_dir(cache.root).repos
    (revision,) = repository.revisions
    assert (repository.repo_id, revision.commit_hash, revision.refs) == (NAME, COMMIT, {"main"})
    assert len(revision.files) == 6


def test_nothing_is_fetched_twice(hub: FakeHub, download: Downloads) -> None:
    *_, first = download().run()
    given = hub.given.copy()
    *_, again = download().run()
    *_, pinned = download(f"{NAME}@{COMMIT}").run()
    assert hub.given - given == {} or set(hub.given - given) == {""}
    assert [event.fetched_bytes for event in (again, pinned)] == [0, 0]
    assert first.folder == again.folder == pinned.folder


def test_a_new_revision_takes_only_what_changed(hub: FakeHub, cache: HubCache, download: Downloads) -> None:
    *_, first = download().run()
    hub.models[NAME].files["tokenizer.json"] = b'{"version": "2.0"}'
    hub.models[NAME].revisions = {"main": "b2" * 20, "old": COMMIT}
    before = hub.given[WEIGHTS]
    *_, second = download().run()
    assert second.model == f"{NAME}@{'b2' * 20}"
    assert (second.fetched_bytes, hub.given[WEIGHTS]) == (len(b'{"version": "2.0"}'), before)
    assert cache.snapshot(HubModel(NAME, COMMIT)) == Path(first.folder)
    assert (Path(first.folder) / "tokenizer.json").read_bytes() == b'{"version": "1.0"}'


def test_files_that_may_hold_programs_or_lie_elsewhere_are_never_asked_for(hub: FakeHub, download: Downloads) -> None:
    unsafe = (
        "modeling.py", "pytorch_model.bin", "model.pt", "weights.pkl", "training_args.bin", "model.gguf", "tf_model.h5",
        "../outside.json", "/etc/evil.json", "original/model.safetensors", "onnx/config.json", ".hidden.json",
        "consolidated.safetensors", "README.md",
    )  # fmt: skip
    hub.models[NAME].files |= dict.fromkeys(unsafe, b"x")
    *_, done = download().run()
    asked = {path.rpartition(f"/{COMMIT}/")[2] for path in hub.paths("hub") if "/resolve/" in path}
    assert asked == set(small_model().files)
    assert set(content_of(Path(done.folder))) == asked


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("config.json", b'{"auto_map": {"AutoModel": "modeling.Evil"}}'),
        ("config.json", b'{"model_file": "model.py"}'),
        ("tokenizer_config.json", b'{"auto_map": {"AutoTokenizer": ["t.Evil", null]}}'),
    ],
)
def test_a_model_with_code_of_its_own_is_refused_before_its_weights(
    hub: FakeHub, download: Downloads, name: str, config: bytes
) -> None:
    hub.models[NAME].files[name] = config
    assert "its own code" in refused(download).message
    assert hub.given[WEIGHTS] == 0


def test_a_model_without_safetensors_is_refused(hub: FakeHub, download: Downloads) -> None:
    del hub.models[NAME].files[WEIGHTS]
    hub.models[NAME].files["pytorch_model.bin"] = b"x"
    assert "has no model*.safetensors" in refused(download).message


def test_a_disk_with_too_little_room_is_told_before_anything_large_is_fetched(
    hub: FakeHub, download: Downloads
) -> None:
    hub.models[NAME].told_sizes = {WEIGHTS: 10**16}
    error = refused(download)
    assert "10000.0 TB are to be downloaded" in error.message and "HF_HOME" in error.hint
    assert hub.given[WEIGHTS] == 0


def test_a_disk_that_fills_up_on_the_way_keeps_what_is_there(
    hub: FakeHub, cache: HubCache, download: Downloads
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        error = refused(download)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "The disk takes no more" in error.message and "goes on from there" in error.hint
    ((left),) = cache.unfinished()
    assert left.repository == NAME and 0 < left.size_bytes <= 100_000
    *_, done = download().run()
    assert done.fetched_bytes == WEIGHTS_BYTES - left.size_bytes
    assert content_of(Path(done.folder)) == hub.models[NAME].files


def test_a_connection_that_breaks_is_continued_where_it_broke(hub: FakeHub, download: Downloads) -> None:
    hub.cuts[WEIGHTS] = [100_000, 0, 50_000]
    *_, done = download().run()
    begins = [asked.begin for asked in hub.asked if asked.server == "store"]
    assert begins == [0, 100_000, 100_000, 150_000]
    assert hub.given[WEIGHTS] == WEIGHTS_BYTES
    assert content_of(Path(done.folder)) == hub.models[NAME].files


def test_a_server_that_knows_no_ranges_begins_again(hub: FakeHub, download: Downloads) -> None:
    hub.cuts[WEIGHTS] = [100_000]
    hub.knows_ranges = False
    *_, done = download().run()
    assert hub.given[WEIGHTS] == WEIGHTS_BYTES + 100_000
    assert content_of(Path(done.folder)) == hub.models[NAME].files


def test_a_file_that_is_cut_short_for_good_is_named(hub: FakeHub, cache: HubCache, download: Downloads) -> None:
    hub.short[WEIGHTS] = 120_000
    assert "cut short" in refused(download).message
    assert cache.snapshot(HubModel(NAME)) is None
    assert cache.unfinished()[0].size_bytes == 120_000


def test_content_that_is_not_what_was_told_is_thrown_away(hub: FakeHub, cache: HubCache, download: Downloads) -> None:
    hub.changed[WEIGHTS] = bytes(WEIGHTS_BYTES)
    assert "came damaged" in refused(download).message
    assert cache.snapshot(HubModel(NAME)) is None
    hub.changed.clear()
    *_, done = download().run()
    assert content_of(Path(done.folder)) == hub.models[NAME].files


def test_a_small_file_is_verified_too(hub: FakeHub, download: Downloads) -> None:
    hub.changed["tokenizer.json"] = b'{"version": "6.6"}'
    assert "tokenizer.json" in refused(download).message


def test_more_content_than_was_told_is_refused(hub: FakeHub, download: Downloads) -> None:
    hub.models[NAME].told_sizes = {WEIGHTS: WEIGHTS_BYTES - 1}
    assert "sent more of model.safetensors" in refused(download).message


def test_holes_in_what_was_left_are_found_and_fetched_again(hub: FakeHub, cache: HubCache, download: Downloads) -> None:
    hub.cuts[WEIGHTS] = [100_000, 0, 0, 0]
    refused(download)
    (part,) = cache.root.glob("*/blobs/*part")
    part.write_bytes(bytes(100_000))
    *_, done = download().run()
    assert content_of(Path(done.folder)) == hub.models[NAME].files


def test_one_process_at_a_time_fetches_a_file(hub: FakeHub, download: Downloads) -> None:
    first = download().run()
    for event in first:
        if isinstance(event, DownloadProgressed) and event.file == WEIGHTS:
            break
    assert "Another process" in refused(download).message
    *_, done = first
    assert hub.given[WEIGHTS] == WEIGHTS_BYTES
    assert isinstance(done, DownloadDone)


def test_stopping_keeps_what_is_there(hub: FakeHub, cache: HubCache, download: Downloads) -> None:
    hub.pause_s = 0.03
    cancel = CancelToken()
    events = download(cancel=cancel).run()
    with pytest.raises(Cancelled):
        for event in events:
            if isinstance(event, DownloadProgressed) and event.file == WEIGHTS:
                cancel.cancel()
    hub.pause_s = 0
    left = cache.unfinished()[0].size_bytes
    *_, done = download().run()
    assert left > 0 and done.fetched_bytes == WEIGHTS_BYTES - left


def test_a_gated_model_is_named_with_what_to_do(hub: FakeHub, download: Downloads) -> None:
    hub.models[NAME].gated = True
    error = refused(download)
    assert "is gated" in error.message and f"{hub.url}/{NAME}" in error.hint and "model token" in error.hint
    assert "no leave" in refused(download, token="hf_of_another_account").message
    *_, done = download(token=TOKEN).run()
    assert isinstance(done, DownloadDone)


def test_the_token_goes_to_the_hub_alone(hub: FakeHub, download: Downloads) -> None:
    list(download(token=TOKEN).run())
    assert {asked.token for asked in hub.asked if asked.server == "hub"} == {TOKEN}
    assert {asked.token for asked in hub.asked if asked.server == "store"} == {None}
    assert TOKEN not in repr(HubClient(hub.url, TOKEN, CancelToken()))


def test_a_token_never_travels_in_the_open() -> None:
    client = HubClient("http://mirror.example", TOKEN, CancelToken())
    assert client._token is None
    with pytest.raises(UsageError, match="blanks"):
        HubClient("https://huggingface.co", "two words", CancelToken())


def test_models_and_revisions_that_are_not_there_are_named(hub: FakeHub, download: Downloads) -> None:
    error = refused(download, "someone/nothing")
    assert "knows no model someone/nothing, or it is private" in error.message
    assert "no revision 'v9'" in refused(download, f"{NAME}@v9").message
    hub.models[NAME].private = True
    assert "or it is private" in refused(download).message
    hub.models[NAME].private = False
    hub.refusals.append(("/api/", 401, {}))
    assert "does not accept your access token" in refused(download, token="hf_old").message


@pytest.mark.parametrize("path", ["/api/models", "/resolve/", "/store/"])
@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_hub_is_asked_again_and_then_told_of(hub: FakeHub, download: Downloads, path: str, status: int) -> None:
    hub.refusals += [(path, status, {"Retry-After": "1"})] * 2
    *_, done = download().run()
    assert isinstance(done, DownloadDone)
    hub.models[NAME].revisions = {"main": "c3" * 20}
    hub.models[NAME].files = {name: content + b" " for name, content in hub.models[NAME].files.items()}
    hub.refusals += [(path, status, {"Retry-After": "1"})] * 3
    error = refused(download)
    assert isinstance(error, EndpointError) and error.status == status
    assert ("too many requests" if status == 429 else "fault of its own") in error.message


def test_without_a_network_the_address_is_named(cache: HubCache) -> None:
    cancel = CancelToken()
    nobody = HubClient("http://127.0.0.1:9", None, cancel)
    with pytest.raises(EndpointError, match=r"can't be reached at 127\.0\.0\.1") as caught:
        list(Download(nobody, cache, HubModel(NAME), cancel, RetryPolicy(attempts=1)).run())
    assert "connection to the network" in caught.value.hint


@pytest.mark.parametrize(
    "answer",
    [b"no JSON", b"[]", b'{"sha": "main", "siblings": []}', b'{"sha": "' + COMMIT.encode() + b'"}',
     b'{"sha": "' + COMMIT.encode() + b'", "siblings": [{"rfilename": "config.json", "size": -1, "blobId": "x"}]}'],
)  # fmt: skip
def test_nonsense_is_told_as_nonsense(hub: FakeHub, download: Downloads, answer: bytes) -> None:
    hub.raw_listing = answer
    assert "answer about" in refused(download).message


def test_endless_redirects_end(hub: FakeHub, download: Downloads) -> None:
    hub.refusals += [("/api/models", 302, {"Location": f"/api/models/{NAME}/revision/main?blobs=true"})] * 9
    assert "sends us on more than" in refused(download).message
