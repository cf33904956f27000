"""Names that would be more than names in Markdown, and what a parser makes of them."""

from __future__ import annotations

from html.parser import HTMLParser

import cmarkgfm

#: Each is the name of a category, a site, a class or a file in some whole build.
HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "](http://evil.example/a)",
    "[x](javascript:alert(1))",
    "![a](b)",
    "# heading",
    "a|b",
    "`code`",
    "``` fence",
    "one\n# two\n- three",
    "left\u202eright\u2066",
    "www.evil.example",
    "me@evil.example",
    "*b* _i_ ~~s~~ $x$",
    "&lt;b&gt;",
    "\\|\\",
    "<!-- trimset: end -->",
    "---",
    "| x | y |\n|---|---|",
    "zero\u200bwidth\x1b[31m",
)


class Page(HTMLParser):
    """The tags of a page, the targets of its links, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.texts: list[str] = []
        self.heads: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the tag, and where it leads."""
        self.tags.append(tag)
        for name, value in attrs:
            if name in {"href", "src"}:
                self.links.append(value or "")
            assert not name.startswith("on"), (tag, attrs)

    def handle_data(self, data: str) -> None:
        """Note the text."""
        self.texts.append(data)

    @property
    def text(self) -> str:
        """All of the text."""
        return "".join(self.texts)


def shown(markdown: str) -> Page:
    """Return what GitHub's own parser makes of a text."""
    return Page(cmarkgfm.github_flavored_markdown_to_html(markdown))
