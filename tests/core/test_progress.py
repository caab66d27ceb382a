from osteon.core import logs, progress
from osteon.core.progress import say, track


def test_items_pass_through_untouched():
    assert list(track(iter("abc"), "letters")) == ["a", "b", "c"]


def test_plain_lines_away_from_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN_LINES", 0.0)
    list(track([1, 2], "reading files"))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("reading files: 1 of 2 after")
    assert len(lines) == 2


def test_nothing_is_said_when_asked_to_be_quiet(capsys, monkeypatch):
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN_LINES", 0.0)
    logs.configure(verbosity=-1)
    try:
        assert list(track([1, 2], "reading files")) == [1, 2]
        say("done")
        assert capsys.readouterr().err == ""
    finally:
        logs.configure(verbosity=0)
    say("done")
    assert capsys.readouterr().err == "done\n"
