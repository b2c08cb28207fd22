"""Where the large platforms keep the feeds of their pages: one table."""

from __future__ import annotations

import re
from functools import cache
from urllib.parse import urlsplit

# host, path and query (without a slash at the end), feeds best first. Groups of the host are h1, h2; of the path 1, 2.
_RULES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (r"(?:www\.|m\.)?youtube\.com", r"/channel/(UC[\w-]{22})(?:/.*)?",
     ("https://www.youtube.com/feeds/videos.xml?channel_id={1}",)),
    (r"(?:www\.|m\.)?youtube\.com", r"/(?:playlist|watch)\?(?:.*&)?list=([\w-]+).*",
     ("https://www.youtube.com/feeds/videos.xml?playlist_id={1}",)),
    (r"(?:www\.|m\.)?youtube\.com", r"/user/([\w-]+)(?:/.*)?", ("https://www.youtube.com/feeds/videos.xml?user={1}",)),
    (r"(?:(?:www|old|new)\.)?reddit\.com", r"((?:/r/[\w+]+|/user/[\w-]+|/u/[\w-]+)(?:/[\w/]+)?)(\?.*)?",
     ("https://www.reddit.com{1}/.rss{2}",)),
    (r"(?:(?:www|old|new)\.)?reddit\.com", "", ("https://www.reddit.com/.rss",)),
    (r"github\.com", r"/([\w.-]+/[\w.-]+)/(releases|tags|commits/[^?]+)(?:\?.*)?", ("https://github.com/{1}/{2}.atom",)),
    (r"github\.com", r"/([\w.-]+/[\w.-]+)/wiki(?:/.*)?", ("https://github.com/{1}/wiki.atom",)),
    (r"github\.com", r"/(?!(?:topics|orgs|sponsors|features|collections|settings|apps)/)([\w.-]+/[\w.-]+)(?:/.*)?",
     ("https://github.com/{1}/releases.atom", "https://github.com/{1}/commits.atom", "https://github.com/{1}/tags.atom")),
    (r"github\.com", r"/(?!(?:about|explore|topics|trending|features|pricing|login)$)([\w-]+)",
     ("https://github.com/{1}.atom",)),
    (r"gitlab\.com", r"/([\w.-]+(?:/[\w.-]+)+?)(?:/-/.*)?",
     ("https://gitlab.com/{1}/-/releases.atom", "https://gitlab.com/{1}/-/tags?format=atom",
      "https://gitlab.com/{1}.atom")),
    (r"gitlab\.com", r"/(?!(?:explore|users|help)$)([\w.-]+)", ("https://gitlab.com/{1}.atom",)),
    (r"(codeberg\.org|gitea\.com)", r"/([\w.-]+/[\w.-]+)(?:/.*)?",
     ("https://{h1}/{1}/releases.rss", "https://{h1}/{1}.rss")),
    (r"(codeberg\.org|gitea\.com)", r"/(?!explore$)([\w.-]+)", ("https://{h1}/{1}.rss",)),
    (r"sourceforge\.net", r"/projects/([\w.-]+)(?:/.*)?", ("https://sourceforge.net/projects/{1}/rss?path=/",)),
    (r"pypi\.org", r"/project/([\w.-]+)(?:/.*)?", ("https://pypi.org/rss/project/{1}/releases.xml",)),
    (r"medium\.com", r"/((?:@|tag/)[\w.-]+)(?:/.*)?", ("https://medium.com/feed/{1}",)),
    (r"medium\.com", r"/(?!(?:m|me|search|about|plans|membership)(?:/|$))([\w-]+)(?:/.*)?",
     ("https://medium.com/feed/{1}",)),
    (r"(?!www\.)([\w-]+\.(?:substack|medium)\.com)", r".*", ("https://{h1}/feed",)),
    (r"(?!www\.)([\w-]+\.wordpress\.com)", r"((?:/(?:category|tag|author)/[\w/%-]+)?)(?:[/?].*)?",
     ("https://{h1}{1}/feed/",)),
    (r"(?!www\.)([\w-]+\.blogspot\.[a-z.]+)", r"/search/label/([^/?]+)(?:\?.*)?",
     ("https://{h1}/feeds/posts/default/-/{1}",)),
    (r"(?!www\.)([\w-]+\.blogspot\.[a-z.]+)", r".*", ("https://{h1}/feeds/posts/default",)),
    (r"www\.tumblr\.com", r"/(?:blog/(?:view/)?)?([\w-]+)(?:/.*)?", ("https://{1}.tumblr.com/rss",)),
    (r"(?!www\.)([\w-]+\.tumblr\.com)", r"((?:/tagged/[^/?]+)?)(?:[/?].*)?", ("https://{h1}{1}/rss",)),
    (r"bsky\.app", r"/profile/([\w.:-]+)(?:/.*)?", ("https://bsky.app/profile/{1}/rss",)),
    (r"vimeo\.com", r"/((?:channels/|groups/)?[A-Za-z][\w-]*)(?:/.*)?", ("https://vimeo.com/{1}/videos/rss",)),
    (r"(?:www\.)?dailymotion\.com", r"/(?!video/)(?:user/)?([\w-]+)", ("https://www.dailymotion.com/rss/user/{1}",)),
    (r"odysee\.com", r"/(@[^/?]+)(?:/.*)?", ("https://odysee.com/$/rss/{1}",)),
    (r"news\.ycombinator\.com", r"(?:/(?:news|newest|front)?)?(?:\?.*)?", ("https://news.ycombinator.com/rss",)),
    (r"lobste\.rs", r"/t/([\w,-]+)", ("https://lobste.rs/t/{1}.rss",)),
    (r"lobste\.rs", r"", ("https://lobste.rs/rss",)),
    (r"((?:stackoverflow|serverfault|superuser|askubuntu)\.com|mathoverflow\.net|[\w.-]+\.stackexchange\.com)",
     r"/questions/tagged/([^/?]+)(?:\?.*)?", ("https://{h1}/feeds/tag/{1}",)),
    (r"((?:stackoverflow|serverfault|superuser|askubuntu)\.com|mathoverflow\.net|[\w.-]+\.stackexchange\.com)",
     r"/(question|user)s/(\d+)(?:/.*)?", ("https://{h1}/feeds/{1}/{2}",)),
    (r"((?:stackoverflow|serverfault|superuser|askubuntu)\.com|mathoverflow\.net|[\w.-]+\.stackexchange\.com)",
     r"(?:/questions)?", ("https://{h1}/feeds",)),
    (r"arxiv\.org", r"/list/([\w.-]+)(?:/.*)?", ("https://rss.arxiv.org/atom/{1}", "https://rss.arxiv.org/rss/{1}")),
    (r"dev\.to", r"/t/([\w-]+)(?:/.*)?", ("https://dev.to/feed/tag/{1}",)),
    (r"dev\.to", r"/([\w-]+)(?:/.*)?", ("https://dev.to/feed/{1}",)),
    (r"news\.google\.com", r"((?:/search|/topics/[\w/-]+))(\?.*)?", ("https://news.google.com/rss{1}{2}",)),
    (r"news\.google\.com", r"(?:/home|/topstories)?(\?.*)?", ("https://news.google.com/rss{1}",)),
    (r"(?:www\.)?bbc\.(?:co\.uk|com)", r"/news((?:/(?!articles|live|videos|av)[a-z_]+)*)",
     ("https://feeds.bbci.co.uk/news{1}/rss.xml",)),
    (r"www\.theguardian\.com", r"((?:/[a-z][a-z-]*){1,2})", ("https://www.theguardian.com{1}/rss",)),
    (r"www\.spiegel\.de", r"((?:/[a-z]+)?)", ("https://www.spiegel.de{1}/index.rss",)),
    (r"www\.lemonde\.fr", r"/([a-z-]+)", ("https://www.lemonde.fr/{1}/rss_full.xml",)),
    (r"([a-z-]+\.(?:wikipedia|wikinews|wikimedia|wiktionary)\.org)", r"/wiki/([^?&]+)",
     ("https://{h1}/w/index.php?title={1}&action=history&feed=atom",)),
    (r"(?!www\.)([\w-]+\.(?:livejournal|dreamwidth)\.(?:com|org))", r".*", ("https://{h1}/data/rss",)),
    (r"([\w-]+\.hashnode\.dev)", r".*", ("https://{h1}/rss.xml",)),
    (r"([\w-]+\.tistory\.com)", r".*", ("https://{h1}/rss",)),
    (r"([\w-]+\.(?:hatenablog\.(?:com|jp)|hateblo\.jp|hatenadiary\.(?:com|jp)))", r".*", ("https://{h1}/feed",)),
    (r"blog\.naver\.com", r"/(\w+)(?:/.*)?", ("https://rss.blog.naver.com/{1}.xml",)),
    (r"note\.com", r"/([\w-]+)(?:/.*)?", ("https://note.com/{1}/rss",)),
    (r"zenn\.dev", r"/([\w-]+)(?:/.*)?", ("https://zenn.dev/{1}/feed",)),
    (r"qiita\.com", r"/tags/([^/?]+)(?:/.*)?", ("https://qiita.com/tags/{1}/feed",)),
    (r"qiita\.com", r"/([\w-]+)(?:/.*)?", ("https://qiita.com/{1}/feed.atom",)),
    (r"buttondown\.(?:com|email)", r"/([\w-]+)(?:/.*)?", ("https://buttondown.com/{1}/rss",)),
    (r"letterboxd\.com", r"/(\w+)(?:/.*)?", ("https://letterboxd.com/{1}/rss/",)),
    (r"store\.steampowered\.com", r"/(?:news/)?app/(\d+)(?:/.*)?", ("https://store.steampowered.com/feeds/news/app/{1}",)),
    (r"([a-z-]+\.bandcamp\.com)", r".*", ("https://{h1}/feed",)),
    (r"(?:[a-z]+\.)?pinterest\.com", r"/([\w-]+)/([\w-]+)", ("https://www.pinterest.com/{1}/{2}.rss",)),
    (r"(?:[a-z]+\.)?pinterest\.com", r"/(?!(?:ideas|today|login)$)([\w-]+)", ("https://www.pinterest.com/{1}/feed.rss",)),
    (r"www\.deviantart\.com", r"/([\w-]+)(?:/.*)?", ("https://backend.deviantart.com/rss.xml?q=gallery:{1}",)),
    (r"crates\.io", r"/crates/([\w-]+)(?:/.*)?", ("https://static.crates.io/rss/crates/{1}.xml",)),
    (r"rubygems\.org", r"/gems/([\w.-]+)(?:/.*)?", ("https://rubygems.org/gems/{1}/versions.atom",)),
    (r"packagist\.org", r"/packages/([\w.-]+/[\w.-]+)", ("https://packagist.org/feeds/package.{1}.rss",)),
    (r"git\.sr\.ht", r"/(~[\w.-]+/[\w.-]+)(?:/.*)?",
     ("https://git.sr.ht/{1}/refs/rss.xml", "https://git.sr.ht/{1}/log/rss.xml")),
    (r"(lemmy\.[a-z.]+|beehaw\.org|programming\.dev|feddit\.[a-z]+|sh\.itjust\.works)", r"/(c|u)/([\w.@-]+)",
     ("https://{h1}/feeds/{1}/{2}.xml",)),
    (r"write\.as", r"/([\w-]+)(?:/.*)?", ("https://write.as/{1}/feed/",)),
    (r"(?!www\.)([\w-]+\.ghost\.io)", r".*", ("https://{h1}/rss/",)),
    (r"(?:www\.)?kickstarter\.com", r"/projects/([\w-]+/[\w-]+)(?:[/?].*)?",
     ("https://www.kickstarter.com/projects/{1}/posts.atom",)),
)  # fmt: skip
# Mastodon and its kin stand on hosts of any name.
_FEDIVERSE = re.compile(r"(/@[\w.-]+|/users/[\w.-]+|/tags/\w+)")


@cache
def _compiled() -> tuple[tuple[re.Pattern[str], re.Pattern[str], tuple[str, ...]], ...]:
    return tuple((re.compile(host, re.A), re.compile(path, re.A), feeds) for host, path, feeds in _RULES)


def platform_feeds(url: str) -> list[str]:
    """Return where the platform of a page keeps its feeds, best first; of the first rule that fits."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").removesuffix(".")
    except ValueError:
        return []
    path = parts.path.rstrip("/") + (f"?{parts.query}" if parts.query else "")
    for host_pattern, path_pattern, feeds in _compiled():
        at = host_pattern.fullmatch(host)
        found = path_pattern.fullmatch(path) if at else None
        if at and found:
            hosts = {f"h{number}": value for number, value in enumerate(at.groups(""), 1)}
            return [feed.format(None, *found.groups(""), **hosts) for feed in feeds]
    return []


def fediverse_feeds(url: str) -> list[str]:
    """Return where a server of Mastodon's kind keeps the feed of a person or tag, if this is one."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return []
    if any(pattern.fullmatch(host) for pattern, *_ in _compiled()):
        return []
    found = _FEDIVERSE.fullmatch(parts.path.rstrip("/"))
    return [f"{parts.scheme}://{parts.netloc}{found.group(1)}.rss"] if found else []
