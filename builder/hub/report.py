"""What a push did, or would do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CardReport:
    """What happens to the card.

    Attributes
    ----------
    done : str
        ``new``: there was none. ``same``: it stays as it is. ``replaced``: it is that
        of the build. ``merged``: it has parts of both. ``kept``: it is as it stood
        there, but for what loading needs.
    kept : tuple of str
        Parts that stay as they stand on the Hub, and are not as the build has them.
    replaced : tuple of str
        Parts that are written anew; of configs of the build those that somebody had
        changed.
    others : tuple of str
        Configs that somebody else added, which stay.
    demoted : tuple of str
        Those of them that are no longer marked as the default.
    overruled : tuple of str
        Those of `kept` that the build has changed as well since the last push, where
        nobody was asked: the text, and keys of the YAML.
    """

    done: str = "new"
    kept: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    demoted: tuple[str, ...] = ()
    overruled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PushReport:
    """What a push did, or with ``dry_run`` would do.

    Attributes
    ----------
    commit : str, optional
        The commit that holds the build now; None where a dry run would make one.
    url : str
        Page of the dataset, or of the pull request.
    tag : str, optional
        The tag that points to `commit`.
    added, changed, deleted : tuple of str
        Paths that differ from what the remote had.
    unchanged : int
        Number of files that were there already.
    foreign : tuple of str
        Paths in the remote that no build put there; left alone.
    card : CardReport
        What happened to the card.
    warnings : tuple of str
        What a reader may stumble over, and whose edits were replaced.
    bytes_planned, bytes_sent : int
        Size of the added and changed files; bytes of files that went out, those
        of failed attempts included, those that the Hub had in store not.
    seconds : float
        How long it took.
    load : str
        A line that loads it.
    """

    commit: str | None
    url: str
    tag: str | None
    added: tuple[str, ...]
    changed: tuple[str, ...]
    deleted: tuple[str, ...]
    unchanged: int
    foreign: tuple[str, ...]
    card: CardReport
    warnings: tuple[str, ...]
    bytes_planned: int
    bytes_sent: int
    seconds: float
    load: str
