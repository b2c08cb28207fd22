"""Site rules of a user's own file."""

from __future__ import annotations

from pathlib import Path

from connectors.pages.site_rules import SiteRule, load


def test_users_rule_replaces_ours_and_a_broken_file_leaves_ours(tmp_path: Path) -> None:
    file = tmp_path / "fulltext.toml"
    file.write_text('["zeit.de"]\nkeep = ["main"]\n')
    assert load(file).of("https://zeit.de/") == SiteRule(keep=("main",))
    file.write_text("[[[")
    broken = load(file)
    assert (broken.of("https://zeit.de/"), len(broken.errors)) == (load().of("https://zeit.de/"), 1)
