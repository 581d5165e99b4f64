"""Pages are offered in the languages in which they have words."""

import re
from pathlib import Path

import pytest
from django.conf import settings as shipped
from django.utils.translation import to_locale

from portal.languages import languages_in

pytestmark = pytest.mark.django_db
TWO = [("en", "English"), ("es", "Spanish")]


def catalogue(folder: Path, locale: str, name: str = "django.mo") -> None:
    """Put a catalogue where Django looks for one."""
    path = folder / locale / "LC_MESSAGES" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def test_no_language_is_offered_without_a_catalogue():
    """A page that says it is Spanish and speaks English is read aloud as nonsense."""
    folder = Path(shipped.LOCALE_PATHS[0])
    offered = [code for code, _ in shipped.LANGUAGES]
    assert offered[0] == shipped.LANGUAGE_CODE == "en"
    assert [
        code
        for code in offered[1:]
        if not (folder / to_locale(code) / "LC_MESSAGES" / "django.mo").is_file()
    ] == []


def test_a_catalogue_brings_its_language(tmp_path):
    """Nothing else is to be written; what is not compiled yet has no words."""
    assert languages_in(tmp_path / "missing") == [("en", "English")]
    for locale in ("pt_BR", "es", "en"):
        catalogue(tmp_path, locale)
    catalogue(tmp_path, "fr", "django.po")
    assert languages_in(tmp_path) == [
        ("en", "English"),
        ("es", "Spanish"),
        ("pt-br", "Brazilian Portuguese"),
    ]


def test_one_language_leaves_no_choice(client, settings):
    """Neither cookie nor browser makes a page claim another one."""
    settings.LANGUAGES = TWO[:1]
    client.cookies["django_language"] = "es"
    page = client.get("/", headers={"Accept-Language": "es, fr;q=0.9"})
    html = page.content.decode()
    assert '<html lang="en"' in html
    assert "language-switch" not in html
    answer = client.post("/language/", {"language": "es", "next": "/"})
    assert answer.status_code == 303
    assert "django_language" not in answer.cookies


def test_the_footer_offers_the_others(client, settings):
    """Each in its own language, the present one as text."""
    settings.LANGUAGES = TWO
    html = client.get("/").content.decode()
    assert re.search(r'<button[^>]*value="es"[^>]*>Español</button>', html)
    assert not re.search(r'<button[^>]*value="en"', html)
    answer = client.post("/language/", {"language": "es", "next": "/"})
    assert answer.cookies["django_language"].value == "es"
    assert '<html lang="es"' in client.get("/").content.decode()
