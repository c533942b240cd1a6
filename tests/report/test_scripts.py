"""The explorer's modules as one script."""

from __future__ import annotations

import base64
import zlib
from pathlib import Path

import pytest

from attnviz.report import scripts


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of modules; what is joined is not remembered."""
    folder = tmp_path / "explorer"
    folder.mkdir()
    monkeypatch.setattr(scripts, "templates", lambda: tmp_path)
    monkeypatch.setattr(scripts, "script", scripts.script.__wrapped__)
    return folder


def test_each_module_is_a_function_after_those_that_it_imports(modules: Path) -> None:
    (modules / "views").mkdir()
    (modules / "one.js").write_text("/** One. */\n\nexport const ONE = 1;\n")
    (modules / "views" / "two.js").write_text(
        'import { ONE } from "../one.js";\n\n// Twice it.\nexport function two() {\n'
        "  return 2 * ONE;\n}\n"
    )
    (modules / "main.js").write_text(
        'import { ONE } from "./one.js";\nimport {\n  two,\n} from "./views/two.js";\ntwo(ONE);\n'
    )
    assert scripts.script() == (
        "const module0 = (() => {\nconst ONE = 1;\nreturn { ONE };\n})();\n"
        "const module1 = (() => {\nconst { ONE } = module0;\n\nfunction two() {\n"
        "return 2 * ONE;\n}\nreturn { two };\n})();\n"
        "const module2 = (() => {\nconst { ONE } = module0;\nconst {\ntwo,\n} = module1;\n"
        "two(ONE);\nreturn {  };\n})();"
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('import { a } from "./main.js";\n', "in a circle at main.js"),
        ('import a from "./main.js";\n', "main.js can't be joined"),
        ("export default 1;\n", "main.js can't be joined"),
        ('const end = "</script>";\n', "would end its element"),
        ('const end = "<!--";\n', "would end its element"),
    ],
)
def test_what_cannot_be_joined(modules: Path, text: str, says: str) -> None:
    (modules / "main.js").write_text(text)
    with pytest.raises(ValueError, match=says):
        scripts.script()


def test_a_page_opens_the_very_script_that_its_policy_names() -> None:
    text = zlib.decompress(base64.b64decode(scripts.packed())).decode()
    assert text == scripts.script()
    assert "createPolicy" in scripts.loader()
    assert "/**" not in scripts.loader().replace("/** @type", "")


def test_a_policy_names_a_script_by_its_hash() -> None:
    # printf 'alert(1)' | openssl dgst -sha256 -binary | base64
    assert scripts.allowed("alert(1)") == "'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='"
