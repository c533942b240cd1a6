"""Models that can't be used, each said in words that name the fix; exit code 3."""

from __future__ import annotations

import json
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from attnviz.errors import InputError, UsageError
from attnviz.models import load, names
from attnviz.models.generate import generate
from attnviz.models.run import observe
from attnviz.text.tokenize import tokenize_all
from attnviz.text.types import Sentence
from tests.helpers.models import copied, loaded, refusal, write_model
from tests.helpers.tool import Tool

pytestmark = pytest.mark.slow

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"


def _without(pattern: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        for path in folder.glob(pattern):
            path.unlink()

    return change


def _cut(folder: Path) -> None:
    data = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(data[: len(data) // 2])


def _lack(folder: Path) -> None:
    tensors = load_file(folder / WEIGHTS)
    del tensors["encoder.layer.1.attention.self.query.weight"]
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})


def _pickle(folder: Path) -> None:
    torch.save(load_file(folder / WEIGHTS), folder / "pytorch_model.bin")
    (folder / WEIGHTS).unlink()


def _shards(folder: Path) -> None:
    (folder / WEIGHTS).rename(folder / "model-00001-of-00002.safetensors")
    weights = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    (folder / INDEX).write_text(json.dumps({"weight_map": weights}))


def _bad_index(folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    (folder / INDEX).write_text("{nope")


def _write(name: str, data: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).write_text(data)

    return change


def _config(**values: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text()) | values
        (folder / "config.json").write_text(json.dumps(config))

    return change


FOLDERS: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "no config": (_without("config.json"), "it has no config.json", "save_pretrained"),
    "malformed config": (_write("config.json", "{nope"), "not a valid JSON", "config.json"),
    "config of no type": (_write("config.json", "{}"), "Unrecognized model", "config.json"),
    "unknown type": (_config(model_type="wombat"), "doesn't know", "Upgrade it"),
    "wrong value": (_config(hidden_size="many"), "hidden_size is 'many'", "config.json"),
    "own code": (
        _config(model_type="wombat", auto_map={"AutoConfig": "code.C", "AutoModel": "code.M"}),
        "brings its own code",
        "--trust-remote-code",
    ),
    "no weights": (_without(WEIGHTS), "has no weights", "Put the model's model.safetensors"),
    "only pickles": (_pickle, "only pickled weights (pytorch_model.bin)", "--allow-pickle"),
    "no safetensors": (_write(WEIGHTS, "hello"), "are damaged", "Download the model again"),
    "empty safetensors": (_write(WEIGHTS, ""), "are damaged", "Download the model again"),
    "cut safetensors": (_cut, "are damaged", "Download the model again"),
    "a tensor lacking": (_lack, "1 tensor is missing, encoder.layer.1", "The files are whole"),
    "other shapes": (
        _config(hidden_size=32),
        "tensors are of another shape",
        "saved with these weights",
    ),
    "a shard lacking": (_shards, "lacks 1 of the 2 files of its weights", "all files"),
    "malformed index": (_bad_index, "index.json is damaged", "Download the model again"),
    "no tokenizer": (_without("token*"), "has no tokenizer", "tokenizer.json"),
    "bad tokenizer": (_write("tokenizer.json", "{nope"), "can't be loaded", "tokenizer.json"),
}


@pytest.mark.parametrize("case", FOLDERS)
def test_a_folder_that_cant_be_used(tiny: Path, tmp_path: Path, case: str) -> None:
    change, message, hint = FOLDERS[case]
    folder = copied(tiny, tmp_path / "model")
    change(folder)
    said = refusal(folder)
    assert message in said
    assert hint in said


def test_pickles_load_when_they_are_trusted(tiny: Path, tmp_path: Path) -> None:
    folder = copied(tiny, tmp_path / "model")
    _pickle(folder)
    assert loaded(folder, allow_pickle=True).architecture == "BertModel"


def test_a_tokenizer_of_another_model(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model", vocab_size=9)
    assert "tokens, and the model knows 9" in refusal(folder)


KINDS: dict[str, tuple[dict[str, Any], str]] = {
    "mamba": ({}, "can't be reported on: they have no attention"),
    "fnet": ({}, "can't be reported on: they have no attention"),
    "vit": ({}, "can't be reported on yet: they don't run on text alone"),
    "diffllama": ({}, "can't be reported on: their heads are the difference of two attentions"),
    "yoso": ({}, "can't be reported on: they approximate attention"),
    "reformer": (
        {"axial_pos_embds_dim": [8, 8], "axial_pos_shape": [8, 8], "attn_layers": ["lsh"]},
        "can't be reported on: they attend within hashed buckets",
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_that_cant_be_measured(tmp_path: Path, kind: str) -> None:
    config, message = KINDS[kind]
    said = refusal(write_model(tmp_path / "model", kind, **config))
    assert f"Models of type {kind} {message}" in said
    assert "attnviz list models" in said


_T5: dict[str, Any] = {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 1, "num_heads": 2}
_BART: dict[str, Any] = {
    "d_model": 16,
    "encoder_layers": 1,
    "decoder_layers": 1,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 32,
    "decoder_ffn_dim": 32,
    "decoder_start_token_id": 3,
}
_PATHS: dict[str, tuple[dict[str, Any], str, int | None]] = {
    "bert": ({}, "interface", None),
    "deberta-v2": ({}, "fallback", None),
    "bloom": ({"n_layer": 2, "n_head": 2}, "fallback", None),
    "big_bird": ({"attention_type": "block_sparse"}, "fallback", None),
    "falcon": ({}, "fallback", None),
    "t5": ({**_T5, "decoder_start_token_id": 0}, "interface", 0),
    "bart": (_BART, "interface", 3),
    "mbart": (_BART, "interface", None),
    "longt5": ({**_T5, "decoder_start_token_id": 0}, "fallback", 0),
}


@pytest.mark.parametrize("kind", _PATHS)
def test_a_model_is_loaded_by_the_path_that_shows_its_attention(tmp_path: Path, kind: str) -> None:
    config, path, start = _PATHS[kind]
    found = loaded(write_model(tmp_path / "model", kind, **config))
    assert found.path == path
    assert found.encoder_decoder == (len(found.streams) == 3)
    assert found.decoder_start == start
    assert found.generator is None
    assert not found.notes


def test_an_unknown_kind_falls_back_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "FALLBACK", frozenset())
    kinds: dict[str, dict[str, Any]] = {"mpnet": {}, "falcon": {}, "longt5": _T5}
    for kind, config in kinds.items():
        found = loaded(write_model(tmp_path / kind, kind, **config))
        assert found.path == "fallback", kind
        assert found.streams in (("",), ("encoder", "decoder", "cross"))


_WRITERS: dict[str, tuple[str, dict[str, Any]]] = {
    "gpt2": ("ForCausalLM", {}),
    "bloom": ("ForCausalLM", {"n_layer": 2, "n_head": 2}),
    "t5": ("ForSeq2SeqLM", _T5 | {"decoder_start_token_id": 0}),
    "bart": ("ForSeq2SeqLM", _BART),
    "led": ("ForSeq2SeqLM", _BART | {"attention_window": 4}),
}


@pytest.mark.parametrize("kind", _WRITERS)
def test_a_model_with_its_head_writes_and_is_then_measured(tmp_path: Path, kind: str) -> None:
    head, config = _WRITERS[kind]
    name = names.resolve(str(write_model(tmp_path / "model", kind, head=head, **config)))
    found = load.load(name, device=torch.device("cpu"), generates=True)
    assert found.model is not found.generator
    given = tokenize_all([Sentence(1, "the cat sat")], found.tokenizer, found.limit)
    written = generate(found, given, 5)
    assert written[0].generated == (1 if found.encoder_decoder else len(given[0]) - 1)
    assert len(written[0]) <= (written[0].generated or 0) + 5
    if found.encoder_decoder:
        observe(found, given, [], targets=written)
    else:
        observe(found, written, [])


def test_a_model_without_a_head_cant_continue_a_text(tmp_path: Path) -> None:
    cases = {"bert": "can't continue a text", "roformer": "can't continue a text"}
    cases |= {"llama": "holds no language-model head", "mpnet": "can't continue a text"}
    for kind, message in cases.items():
        name = names.resolve(str(write_model(tmp_path / kind, kind)))
        with pytest.raises(InputError, match=message) as caught:
            load.load(name, device=torch.device("cpu"), generates=True)
        assert "--generate" in caught.value.hint


@pytest.mark.parametrize("data", [b"", b"GGUF" + b"\0\1\2" * 99], ids=["empty", "corrupt"])
def test_a_broken_gguf(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(data)
    assert "is damaged, or no GGUF file" in refusal(path)


def test_names_that_are_no_models(tmp_path: Path, text: Path) -> None:
    assert "There is no GGUF file" in refusal(tmp_path / "absent.gguf")
    assert "There is no model folder" in refusal("./absent")
    assert "a model is a folder" in refusal(text)
    with pytest.raises(UsageError, match="is no model name"):
        names.resolve("a name with spaces")


def test_minilm_whose_weights_were_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "_EMBEDDED_SHA256", "0" * 64)
    names._embedded_folder.cache_clear()
    assert "are not the published ones" in refusal("minilm")
    names._embedded_folder.cache_clear()


def test_an_unknown_name_offline(tool: Tool, text: Path, tmp_path: Path) -> None:
    done = tool("report", "no-such/model", text, "-o", tmp_path / "out")
    assert done.code == 3
    assert "There is no folder no-such/model, no such model in the local cache" in done.err
    assert "unset HF_HUB_OFFLINE" in done.err
    assert "Traceback" not in done.err
    assert not (tmp_path / "out").exists()


class Hub(BaseHTTPRequestHandler):
    """A Hub that gives every request one answer; after a while, if it is told to."""

    status, code, silence = 404, "", 0.0

    def do_GET(self) -> None:
        time.sleep(self.silence)
        self.send_response(self.status)
        self.send_header("X-Error-Code", self.code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET  # noqa: N815 - as the server calls it

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Hub]]:
    """A Hub on this machine, which huggingface_hub takes for the real one."""

    class OneHub(Hub):
        """Its answers are this test's alone."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), OneHub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    online(monkeypatch, server.server_port)
    yield OneHub
    server.shutdown()
    server.server_close()


def online(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    """As if the machine were online, and the Hub at `port` of it."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", f"http://127.0.0.1:{port}")
    monkeypatch.setattr("huggingface_hub.hf_api.constants.ENDPOINT", f"http://127.0.0.1:{port}")


def test_a_name_that_the_hub_doesnt_know(hub: type[Hub]) -> None:
    hub.code = "RepoNotFound"
    assert "There is no model no-such/model on the Hub, nor a folder" in refusal("no-such/model")


def test_a_model_behind_a_gate(hub: type[Hub]) -> None:
    hub.status, hub.code = 403, "GatedRepo"
    assert "Access to org/model must be asked for" in refusal("org/model")


def test_a_revision_of_what_is_not_on_the_hub() -> None:
    with pytest.raises(UsageError, match="minilm is not on the Hub, and has no revision v9"):
        load.load(names.resolve("minilm"), revision="v9", device=torch.device("cpu"))


def test_two_revisions_in_the_cache_of_this_machine(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is recorded is the commit, for a branch moves on."""
    commits = {"main": "a" * 40, "step100": "b" * 40}
    cached = tmp_path / "models--org--model"
    for ref, commit in commits.items():
        shutil.copytree(tiny, cached / "snapshots" / commit)
        (cached / "refs").mkdir(exist_ok=True)
        (cached / "refs" / ref).write_text(commit)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    name = names.resolve("org/model")
    for revision in (None, "main", "step100", "b" * 40):
        model = load.load(name, revision=revision, device=torch.device("cpu"))
        assert model.revision == commits.get(revision or "main", revision)


def test_an_unknown_revision(hub: type[Hub]) -> None:
    hub.code = "RevisionNotFound"
    name = names.resolve("org/model")
    with pytest.raises(InputError, match="org/model has no revision v9") as caught:
        load.load(name, revision="v9", device=torch.device("cpu"))
    assert "--revision" in caught.value.hint


@pytest.mark.parametrize("trouble", ["refuses", "fails", "is silent"])
def test_a_hub_that_cant_be_reached_costs_little_time(
    hub: type[Hub], monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    monkeypatch.setattr(load, "PATIENCE", 0.3)
    if trouble == "refuses":
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            online(monkeypatch, free.getsockname()[1])
    hub.status, hub.silence = 500, 1.0 if trouble == "is silent" else 0.0
    start = time.monotonic()
    assert "the Hub can't be reached" in refusal("no-such/model")
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("start", ["first", [0], 28, -1, 10**30, 1.5])
def test_a_decoder_that_begins_with_no_token(tmp_path: Path, start: object) -> None:
    model = write_model(tmp_path / "t5", "t5", head="ForSeq2SeqLM", **_T5)
    settings = {"decoder_start_token_id": start}
    (model / "generation_config.json").write_text(json.dumps(settings))
    said = refusal(model)
    assert "decoder_start_token_id" in said or "settings of generation" in said
    assert "generation_config.json" in said


@pytest.mark.parametrize("damage", ["[]", "{", '"start"', "null"])
def test_settings_of_generation_that_are_no_settings(tmp_path: Path, damage: str) -> None:
    model = write_model(tmp_path / "t5", "t5", head="ForSeq2SeqLM", **_T5)
    (model / "generation_config.json").write_text(damage)
    said = refusal(model)
    assert "generation" in said
