"""Reading the files of a case: real files in a real database, read by a real process."""

from __future__ import annotations

import os

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.documents import Documents
from regulations.documents import Document, DocumentsAnswer, DocumentsQuestion, Found
from runtime.database import open_database
from runtime.documents import reader as reader_module
from runtime.documents.reader import DocumentReader
from runtime.encryption import KeyRing
from runtime.files import FileStore
from tests.activities.attempts import attempt, failing
from tests.regulations.handoff.course import QUESTIONNAIRE
from tests.runtime.documents.made import compound_file, excel, pdf, word

KEYS = KeyRing([os.urandom(32)])


async def _kept(engine: AsyncEngine, content: bytes) -> str:
    async with engine.begin() as connection:
        return await FileStore(engine, KEYS).put(connection, content)


def _question(*documents: tuple[str, str]) -> DocumentsQuestion:
    return DocumentsQuestion(
        documents=tuple(Document.model_validate({"sha256": sha, "name": f"{kind}.docx", "kind": kind}) for kind, sha in documents),
        fields=tuple(QUESTIONNAIRE),
        language="ru",
    )


def _documents(engine: AsyncEngine, keys: KeyRing = KEYS) -> Documents:
    return Documents(FileStore(engine, keys), DocumentReader())


@pytest.mark.clause("handoff 2.1.4")
async def test_each_file_gets_its_answer_in_the_order_of_the_question(engine: AsyncEngine) -> None:
    questionnaire = await _kept(engine, word({"ИНН:": "7707083893", "Телефон*": "", "1. Логин": "client@example.org"}))
    sheet = await _kept(engine, excel([["ИНН", 7707083893], ["Число сотрудников", 3]]))
    form = await _kept(engine, pdf({"inn": "7707083893", "phone": ""}))
    contract, scan = await _kept(engine, word({}, "Договор")), await _kept(engine, b"\xff\xd8\xff\xe0JFIF")
    locked = await _kept(engine, compound_file("EncryptionInfo", "EncryptedPackage"))
    question = _question(
        ("questionnaire", questionnaire),
        ("contract", contract),
        ("questionnaire", sheet),
        ("contract", sheet),
        ("questionnaire", form),
        ("contract", scan),
        ("questionnaire", locked),
        ("contract", "0" * 64),
    )
    answer = await attempt(_documents(engine).read_documents, question)
    assert answer == DocumentsAnswer(
        found=(
            Found(fields={"inn": "7707083893", "login": "client@example.org"}),
            Found(),
            Found(fields={"inn": "7707083893", "employees": "3"}),
            Found(problem="not_word"),
            Found(fields={"inn": "7707083893"}),
            Found(problem="not_a_document"),
            Found(problem="password"),
            Found(problem="lost"),
        )
    )
    assert await attempt(_documents(engine).read_documents, question) == answer


async def test_a_database_that_is_away_is_no_answer() -> None:
    away = open_database("sqlite:////no/such/folder/x.sqlite")
    error = await failing(_documents(away).read_documents, _question(("contract", "0" * 64)))
    assert (error.type, error.non_retryable) == ("Unavailable", False)
    await away.dispose()


async def test_a_key_that_is_missing_is_our_fault_and_tried_again(engine: AsyncEngine) -> None:
    kept = await _kept(engine, word({"ИНН": "1"}))
    error = await failing(_documents(engine, KeyRing([os.urandom(32)])).read_documents, _question(("questionnaire", kept)))
    assert (error.type, error.non_retryable) == ("Misconfigured", False)
    assert "REGLAMENT_ENCRYPTION_KEYS" in str(error)


async def test_a_process_that_does_not_come_up_is_our_fault_and_tried_again(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = await _kept(engine, word({"ИНН": "1"}))
    monkeypatch.setattr(reader_module, "COMMAND", ("/no/such/program",))
    error = await failing(_documents(engine).read_documents, _question(("questionnaire", kept)))
    assert (error.type, error.non_retryable) == ("Unavailable", False)
