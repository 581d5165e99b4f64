"""Documentation pages: Markdown templates filled in with data from the code they describe."""

from itertools import pairwise

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_safe
from markdown_it import MarkdownIt

from portal.http.permissions import public
from portal.registries import DocsPage, docs_pages

# Raw HTML is off: templates contain Markdown, and values inserted into them stay text.
_markdown = MarkdownIt("commonmark", {"html": False}).enable("table")


def render_markdown(text: str) -> str:
    """Return safe HTML; `{#anchor}` at the end of a heading becomes its id."""
    tokens = _markdown.parse(text)
    for heading, inline in pairwise(tokens):
        if heading.type != "heading_open" or not inline.children:
            continue
        last = inline.children[-1]
        if last.type == "text" and last.content.endswith("}") and "{#" in last.content:
            words, _, anchor = last.content.rpartition("{#")
            last.content = words.rstrip()
            heading.attrSet("id", anchor[:-1])
    return str(_markdown.renderer.render(tokens, _markdown.options, {}))


def page_text(page: DocsPage) -> str:
    """Return the Markdown of a page with its data filled in."""
    return render_to_string(page.template, {"base_url": settings.BASE_URL} | page.context())


@public
@require_safe
def docs_page(request: HttpRequest, slug: str = "index") -> HttpResponse:
    """Show one documentation page."""
    page = docs_pages.get(slug)
    if page is None:
        raise Http404
    context = {
        "page": page,
        "pages": list(docs_pages),
        # Safe: the renderer escapes everything that it did not generate.
        "body": mark_safe(render_markdown(page_text(page))),  # noqa: S308
    }
    return render(request, "docs/page.html", context)
