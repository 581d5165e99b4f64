"""The left column of the dashboards."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse

from portal.registries import navigation_items


@dataclass(frozen=True, slots=True)
class Link:
    """One line of the menu."""

    label: str
    url: str
    active: bool
    count: int | None


def navigation(request: HttpRequest) -> dict[str, object]:
    """Context processor; the links are computed only when a template asks."""

    def links() -> list[Link]:
        return [
            Link(
                item.label,
                url := reverse(item.url_name),
                request.path.startswith(url),
                item.count(request) if item.count else None,
            )
            for item in navigation_items
            if item.visible(request)
        ]

    return {"navigation": links}
