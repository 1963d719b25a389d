"""How to cite: CITATION.cff agrees with the program and names nobody who is not on the paper."""

import re
from pathlib import Path

import yaml

import icl_cli

ROOT = Path(__file__).parent.parent
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_it_has_what_the_format_requires_and_the_programs_version():
    assert {"cff-version", "message", "title", "authors"} <= set(CITATION)
    assert CITATION["cff-version"] == "1.2.0"
    assert CITATION["version"] == icl_cli.__version__
    assert f"version = {{{icl_cli.__version__}}}" in README


def test_the_project_is_its_only_author():
    assert CITATION["authors"] == [{"name": "icl contributors"}]
    assert "author  = {{icl contributors}}" in README


def test_the_paper_has_the_same_authors_as_in_the_readme():
    (paper,) = CITATION["references"]
    names = [f"{author['family-names']}, {author['given-names']}" for author in paper["authors"]]
    (authors,) = re.findall(r"author    = \{(.*?)\},\n", README, re.DOTALL)
    assert re.split(r"\s+and\s+", authors.replace(r"{\~a}", "ã")) == names
    assert paper["title"] in README
    assert paper["url"] in README


def test_the_readme_says_how_to_cite_paper_and_archive():
    section = README.split("## How to cite")[1]
    assert "icl report --bundle" in section
    assert "SHA-256" in section
