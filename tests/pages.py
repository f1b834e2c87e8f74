"""A strict reader of pages: every tag closed in its turn, nothing run, nothing fetched."""

from html.parser import HTMLParser

VOID = {"meta", "br", "col"}


class PageReader(HTMLParser):
    """Reads a page whole; attributes say what is in it, and what is wrong stops the test."""

    def __init__(self, page) -> None:
        super().__init__(convert_charrefs=True)
        self.open, self.ids, self.links, self.headings = [], [], [], []
        self.structure, self.texts, self.attributes = [], [], []
        self.untitled = 0
        self.awaited = None
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        if self.awaited == "title":
            self.untitled += tag != "title"
        self.awaited = "title" if tag == "svg" else None
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"{tag} has an attribute twice"
        self.structure.append((tag, *names))
        self.attributes += attrs
        self.ids += [value for name, value in attrs if name == "id"]
        self.links += [value for name, value in attrs if name == "href"]
        if tag in {"h1", "h2", "h3"}:
            self.headings.append(int(tag[1]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.texts.append(data)

    def handle_startendtag(self, tag, attrs):
        raise AssertionError(f"<{tag}/> is no HTML, with {attrs}")

    def handle_comment(self, data):
        raise AssertionError(f"a page has no comments such as {data}")

    def handle_pi(self, data):
        raise AssertionError(f"a page has no instructions such as {data}")
