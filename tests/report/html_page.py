"""A page as tests look at it."""

import base64
import hashlib
import re
from html.parser import HTMLParser

VOID = {"meta", "img", "br", "link", "input"}


class Page(HTMLParser):
    """The elements of a page, its text, its scripts, and whether every element is closed where it should be."""

    def __init__(self, text):
        super().__init__()
        self.elements = []
        self.open = []
        self.text = ""
        self.scripts = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "script":
            self.scripts.append([dict(attributes).get("type"), ""])

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts[-1][1] += data
        elif not self.open or self.open[-1] != "style":
            self.text += data

    def of(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def policy(self):
        """The directives of the content security policy by name."""
        (content,) = [meta["content"] for meta in self.of("meta") if meta.get("http-equiv")]
        return {name: values for name, *values in (rule.split() for rule in content.split(";"))}


def assert_only_its_own_scripts_run(page):
    """What a browser may run is exactly the scripts on the page; all other script elements are JSON."""
    run = [text for kind, text in page.scripts if kind is None]
    assert {kind for kind, _ in page.scripts} <= {None, "application/json"}
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in run]
    assert page.policy["script-src"] == [f"'sha256-{digest}'" for digest in digests]
    assert page.policy["default-src"] == ["'none'"]
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)


def without_what_is_embedded(source):
    """The page's own markup: without images, and without scripts, which name addresses that they never fetch."""
    return re.sub(r"<script.*?</script>|base64,[^\"]*", "", source, flags=re.DOTALL)
