"""Reading the questionnaire and the contract that came with a request (handoff 2.1.4, 3.3)."""

from __future__ import annotations

from temporalio import activity

from activities import errors
from activities.keyed import database_errors
from regulations.documents import Document, DocumentsAnswer, DocumentsQuestion, Found
from regulations.handoff.questionnaire import understood
from runtime.documents.reader import DocumentReader, ReaderUnavailableError
from runtime.encryption import EncryptionError
from runtime.files import FileStore


class Documents:
    """Reads the files of a case. What is wrong with a file is an answer; not being able to look is an error, never an answer."""

    def __init__(self, files: FileStore, reader: DocumentReader) -> None:
        """The engine of the file store is closed by whoever made it."""
        self._files = files
        self._reader = reader

    @activity.defn(name="read_documents")
    async def read_documents(self, question: DocumentsQuestion) -> DocumentsAnswer:
        """What the files hold. It changes nothing and may be asked again.

        Args:
            question: The files, and the fields of the questionnaire.

        Returns:
            For each file a problem, or the fields that are filled in; a file that is not kept has the problem ``lost``.

        Raises:
            ApplicationError: ``Unavailable`` and ``Misconfigured`` (the key of a file is not in the ring), both repeated by
                Temporal; ``Invalid`` for good.
        """
        return DocumentsAnswer(found=tuple([await self._read(document, question) for document in question.documents]))

    async def _read(self, document: Document, question: DocumentsQuestion) -> Found:
        try:
            with database_errors():
                content = await self._files.get(document.sha256)
        except EncryptionError as error:
            raise errors.transient(f"file: {error}", type=errors.MISCONFIGURED) from None
        if content is None:
            return Found(problem="lost")
        try:
            reading = await self._reader.read(content, document.name)
        except ReaderUnavailableError as error:
            raise errors.transient(str(error)) from None
        if reading.problem is not None:
            return Found(problem=reading.problem)
        return understood(document, reading.format, reading.pairs, reading.has_text, question.fields, question.language)
