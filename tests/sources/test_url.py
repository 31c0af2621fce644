import pytest

from maskwise.errors import InvalidInput
from maskwise.sources.url import Url, is_url


@pytest.mark.parametrize(
    ("text", "scheme", "host", "port", "target"),
    [
        ("http://example.org", "http", "example.org", 80, "/"),
        (
            "HTTPS://Example.ORG/A b.jpg".replace(" ", "%20"),
            "https",
            "example.org",
            443,
            "/A%20b.jpg",
        ),
        ("http://example.org:8080/a.jpg?x=1#part", "http", "example.org", 8080, "/a.jpg?x=1"),
        ("https://[2606:4700::1]/a", "https", "2606:4700::1", 443, "/a"),
        ("https://bücher.example/ü.jpg", "https", "xn--bcher-kva.example", 443, "/%C3%BC.jpg"),
        ("http://127.0.0.1/?u=a@b", "http", "127.0.0.1", 80, "/?u=a@b"),
    ],
)
def test_a_url_is_taken_apart(text: str, scheme: str, host: str, port: int, target: str) -> None:
    assert Url.parse(text) == Url(scheme, host, port, target)


@pytest.mark.parametrize(
    "text",
    [
        *("http://", "http:///a.jpg", "https://:443/", "http://a b/", "http://a/b c.jpg"),
        *("http://a/\nb", "http://a\tb/", "http://a/\r\nX: y", "http://a:0/", "http://a:99999/"),
        *("http://a:x/", "http://[::1", "http://[fe80::1%25eth0]/", "http://a\\b/", "http://a<b/"),
        *("http://a/\u202eb", " http://a/b", "http://a\0b/"),
    ],
)
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="makes no sense"):
        Url.parse(text)


@pytest.mark.parametrize(
    "text", ["file:///etc/passwd", "ftp://a/b", "gopher://a/b", "data://a", "rtsp://u:secret@a/b"]
)
def test_other_schemes_are_refused(text: str) -> None:
    assert is_url(text)
    with pytest.raises(InvalidInput, match=r"must begin with http:// or https://") as caught:
        Url.parse(text)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "http://user:secret@example.org/a.jpg",
            "http://secret@example.org/",
            "https://@example.org/",
        ),
        *("http://a\\:secret@example.org/", "http://u:sec%20ret@example.org:80/?k=secret"),
        *("http://us er:secret@example.org/", "http://u:se@secret@example.org"),
    ],
)
def test_credentials_are_refused_and_not_shown(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Url.parse(text)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_may_be_a_key_is_not_shown() -> None:
    assert str(Url.parse("http://a:81/b.jpg?key=secret#secret")) == "http://a:81/b.jpg?..."
    assert str(Url.parse("https://[2606:4700::1]:443/")) == "https://[2606:4700::1]/"


def test_redirects_lead_on_from_where_they_are() -> None:
    url = Url.parse("https://a.example/b/c.jpg?d")
    assert url.join("e.jpg") == Url.parse("https://a.example/b/e.jpg")
    assert url.join("/f?g") == Url.parse("https://a.example/f?g")
    assert url.join("//h.example/") == Url.parse("https://h.example/")
    assert url.join("http://i:8/") == Url.parse("http://i:8/")
    for reference in ("http://u:secret@i/", "file:///etc/passwd", "http://[::1"):
        with pytest.raises(InvalidInput):
            url.join(reference)


@pytest.mark.parametrize("text", ["a.jpg", "a:/b", "//a/b", "https:/a", "C:\\a", "1http://a", "-"])
def test_paths_are_no_urls(text: str) -> None:
    assert not is_url(text)
