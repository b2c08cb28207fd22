"""Where the large platforms keep the feeds of their pages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.discovery.platforms import fediverse_feeds, platform_feeds

CHANNEL = "UC" + "a-1_" * 5 + "zz"
YOUTUBE = "https://www.youtube.com/feeds/videos.xml"
GITHUB = "https://github.com/org/repo"


@pytest.mark.parametrize(
    ("page", "feeds"),
    [
        (f"https://www.youtube.com/channel/{CHANNEL}", [f"{YOUTUBE}?channel_id={CHANNEL}"]),
        (f"https://m.youtube.com/channel/{CHANNEL}/videos", [f"{YOUTUBE}?channel_id={CHANNEL}"]),
        ("https://www.youtube.com/playlist?list=PLabc-1", [f"{YOUTUBE}?playlist_id=PLabc-1"]),
        ("https://www.youtube.com/watch?v=x&list=PLabc-1&index=2", [f"{YOUTUBE}?playlist_id=PLabc-1"]),
        ("https://youtube.com/user/someone/about", [f"{YOUTUBE}?user=someone"]),
        ("https://www.youtube.com/@handle", []),  # only the page tells which channel that is
        ("https://www.reddit.com/r/news/", ["https://www.reddit.com/r/news/.rss"]),
        ("https://old.reddit.com/r/a+b/top/?t=week", ["https://www.reddit.com/r/a+b/top/.rss?t=week"]),
        ("https://reddit.com/user/some-one", ["https://www.reddit.com/user/some-one/.rss"]),
        ("https://www.reddit.com/r/x/comments/1a/title_of/", ["https://www.reddit.com/r/x/comments/1a/title_of/.rss"]),
        ("https://www.reddit.com/", ["https://www.reddit.com/.rss"]),
        (GITHUB, [f"{GITHUB}/releases.atom", f"{GITHUB}/commits.atom", f"{GITHUB}/tags.atom"]),
        (f"{GITHUB}/issues?q=x", [f"{GITHUB}/releases.atom", f"{GITHUB}/commits.atom", f"{GITHUB}/tags.atom"]),
        (f"{GITHUB}/releases/", [f"{GITHUB}/releases.atom"]),
        (f"{GITHUB}/commits/main/docs", [f"{GITHUB}/commits/main/docs.atom"]),
        (f"{GITHUB}/wiki/Home", [f"{GITHUB}/wiki.atom"]),
        ("https://github.com/someone", ["https://github.com/someone.atom"]),
        ("https://github.com/trending", []),
        ("https://github.com/topics/news", []),
        ("https://gitlab.com/group/sub/project/-/issues",
         ["https://gitlab.com/group/sub/project/-/releases.atom",
          "https://gitlab.com/group/sub/project/-/tags?format=atom", "https://gitlab.com/group/sub/project.atom"]),
        ("https://gitlab.com/someone", ["https://gitlab.com/someone.atom"]),
        ("https://codeberg.org/o/r/src", ["https://codeberg.org/o/r/releases.rss", "https://codeberg.org/o/r.rss"]),
        ("https://git.sr.ht/~me/r/tree", ["https://git.sr.ht/~me/r/refs/rss.xml", "https://git.sr.ht/~me/r/log/rss.xml"]),
        ("https://pypi.org/project/a.b/", ["https://pypi.org/rss/project/a.b/releases.xml"]),
        ("https://crates.io/crates/serde/versions", ["https://static.crates.io/rss/crates/serde.xml"]),
        ("https://rubygems.org/gems/rails", ["https://rubygems.org/gems/rails/versions.atom"]),
        ("https://packagist.org/packages/a/b", ["https://packagist.org/feeds/package.a/b.rss"]),
        ("https://sourceforge.net/projects/x/files/", ["https://sourceforge.net/projects/x/rss?path=/"]),
        ("https://medium.com/@some.one/a-title-1a", ["https://medium.com/feed/@some.one"]),
        ("https://medium.com/tag/news", ["https://medium.com/feed/tag/news"]),
        ("https://medium.com/publication", ["https://medium.com/feed/publication"]),
        ("https://medium.com/search?q=a", []),
        ("https://who.medium.com/a-title", ["https://who.medium.com/feed"]),
        ("https://letters.substack.com/p/one", ["https://letters.substack.com/feed"]),
        ("https://www.substack.com/", []),
        ("https://me.wordpress.com/2022/02/24/title/?share=x", ["https://me.wordpress.com/feed/"]),
        ("https://me.wordpress.com/category/news/", ["https://me.wordpress.com/category/news/feed/"]),
        ("https://me.blogspot.co.uk/2022/02/title.html", ["https://me.blogspot.co.uk/feeds/posts/default"]),
        ("https://me.blogspot.com/search/label/News%20now", ["https://me.blogspot.com/feeds/posts/default/-/News%20now"]),
        ("https://www.tumblr.com/someone/123/title", ["https://someone.tumblr.com/rss"]),
        ("https://someone.tumblr.com/tagged/news", ["https://someone.tumblr.com/tagged/news/rss"]),
        ("https://bsky.app/profile/a.bsky.social", ["https://bsky.app/profile/a.bsky.social/rss"]),
        ("https://vimeo.com/channels/staffpicks", ["https://vimeo.com/channels/staffpicks/videos/rss"]),
        ("https://vimeo.com/12345", []),
        ("https://news.ycombinator.com/newest", ["https://news.ycombinator.com/rss"]),
        ("https://lobste.rs/t/python", ["https://lobste.rs/t/python.rss"]),
        ("https://stackoverflow.com/questions/tagged/python?tab=Newest", ["https://stackoverflow.com/feeds/tag/python"]),
        ("https://math.stackexchange.com/questions/12/title", ["https://math.stackexchange.com/feeds/question/12"]),
        ("https://stackoverflow.com/users/12/name", ["https://stackoverflow.com/feeds/user/12"]),
        ("https://arxiv.org/list/cs.CL/recent", ["https://rss.arxiv.org/atom/cs.CL", "https://rss.arxiv.org/rss/cs.CL"]),
        ("https://dev.to/t/python", ["https://dev.to/feed/tag/python"]),
        ("https://news.google.com/search?q=a%20b&hl=en", ["https://news.google.com/rss/search?q=a%20b&hl=en"]),
        ("https://news.google.com/home?hl=de&gl=DE", ["https://news.google.com/rss?hl=de&gl=DE"]),
        ("https://news.google.com/topics/CAAq/sections/CAQ?hl=en",
         ["https://news.google.com/rss/topics/CAAq/sections/CAQ?hl=en"]),
        ("https://www.bbc.co.uk/news/world", ["https://feeds.bbci.co.uk/news/world/rss.xml"]),
        ("https://www.bbc.com/news/articles/c1x", []),
        ("https://www.theguardian.com/world/ukraine", ["https://www.theguardian.com/world/ukraine/rss"]),
        ("https://www.spiegel.de/", ["https://www.spiegel.de/index.rss"]),
        ("https://www.spiegel.de/politik/", ["https://www.spiegel.de/politik/index.rss"]),
        ("https://www.lemonde.fr/international/", ["https://www.lemonde.fr/international/rss_full.xml"]),
        ("https://en.wikipedia.org/wiki/Current_events",
         ["https://en.wikipedia.org/w/index.php?title=Current_events&action=history&feed=atom"]),
        ("https://someone.livejournal.com/12.html", ["https://someone.livejournal.com/data/rss"]),
        ("https://lemmy.world/c/news@beehaw.org", ["https://lemmy.world/feeds/c/news@beehaw.org.xml"]),
        ("https://odysee.com/@name:1/video:2", ["https://odysee.com/$/rss/@name:1"]),
        ("https://store.steampowered.com/app/440/Name/", ["https://store.steampowered.com/feeds/news/app/440"]),
        ("https://note.com/someone/n/n1", ["https://note.com/someone/rss"]),
        ("https://qiita.com/tags/python", ["https://qiita.com/tags/python/feed"]),
        ("https://blog.naver.com/someone/22", ["https://rss.blog.naver.com/someone.xml"]),
        ("https://someone.tistory.com/3", ["https://someone.tistory.com/rss"]),
        ("https://GitHub.COM/org/repo/releases", [f"{GITHUB}/releases.atom"]),
        ("https://github.com.evil.example/org/repo", []),
        ("https://notgithub.com/org/repo", []),
        ("https://news.example/", []),
        ("https://[/", []),
    ],
)  # fmt: skip
def test_page_of_a_platform_has_its_feeds_where_the_platform_keeps_them(page: str, feeds: list[str]) -> None:
    assert platform_feeds(page) == feeds


@pytest.mark.parametrize(
    ("page", "feeds"),
    [
        ("https://mastodon.example/@someone", ["https://mastodon.example/@someone.rss"]),
        ("https://social.example:8443/tags/news/", ["https://social.example:8443/tags/news.rss"]),
        ("https://social.example/users/someone", ["https://social.example/users/someone.rss"]),
        ("https://social.example/@someone/109", []),
        ("https://social.example/about", []),
    ],
)
def test_server_of_the_fediverse_has_a_feed_of_each_person(page: str, feeds: list[str]) -> None:
    assert fediverse_feeds(page) == feeds


@given(st.text(alphabet="/?&=@.[]%{}-:rgithubcom", max_size=60))
def test_no_address_is_too_strange(rest: str) -> None:
    for host in ("github.com", "news.google.com", "someone.wordpress.com", "www.reddit.com"):
        assert all(feed.startswith("https://") for feed in platform_feeds(f"https://{host}/{rest}"))
    fediverse_feeds(f"https://{rest}")
