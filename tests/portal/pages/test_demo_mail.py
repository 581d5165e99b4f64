"""The demo's mailbox."""

from portal.pages.demo import all_mails


def test_without_a_folder_there_are_no_mails(settings, tmp_path, monkeypatch):
    """No folder is not the current one: its log files are nobody's mail."""
    (tmp_path / "server.log").write_text("Subject: x\n\nsecret")
    monkeypatch.chdir(tmp_path)
    settings.MAIL_DIR = ""
    assert all_mails() == []
    settings.MAIL_DIR = str(tmp_path)
    assert len(all_mails()) == 1
