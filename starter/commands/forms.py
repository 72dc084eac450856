"""The blank questionnaire (handoff 3.3): the form that partners fill in and `read_documents` reads."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from regulations.catalogue import text
from regulations.editions import load_editions
from regulations.handoff.questionnaire import form_labels
from regulations.handoff.state import KIND, HandoffSettings
from runtime.documents.forms import docx_form, xlsx_form


class FormError(ValueError):
    """The form cannot be written there; the text says why, and what would do."""


def write_form(out: Path, editions: Path | None, *, force: bool = False) -> list[str]:
    """Writes the questionnaire of the edition in force now; gives its labels.

    Args:
        out: ``.docx`` or ``.xlsx``. No PDF: one to be filled in would need an embedded Russian font for its labels.
        editions: The company's own folder of editions, where it has one.
        force: Write over a file that is there.

    Raises:
        FormError: another ending, a file that is there already, or a place where nothing can be written.
        EditionError, UnknownEdition: the editions are wrong, or none is in force.
    """
    edition, language = load_editions(editions).in_force(KIND, datetime.now(UTC))
    labels = form_labels(HandoffSettings.model_validate(edition.settings).questionnaire, language)
    title, hint = text(language, KIND, "form", "title"), text(language, KIND, "form", "hint")
    match out.suffix.lower():
        case ".docx":
            content = docx_form(title, hint, labels, language)
        case ".xlsx":
            content = xlsx_form(title, hint, labels)
        case _:
            raise FormError(f"{out}: the form is written as .docx or .xlsx; give the file one of these endings")
    try:
        with out.open("wb" if force else "xb") as file:
            file.write(content)
    except FileExistsError:
        raise FormError(f"{out} is there already; name another file, or add --force to write over it") from None
    except OSError as e:
        raise FormError(f"{out}: cannot be written: {e.strerror}") from None
    return labels
