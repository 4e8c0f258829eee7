"""What can be wrong with a document that is to be read."""

from shared.errors import Invalid, PayloadTooLarge, UnsupportedMediaType


class DocumentTypeUnsupported(UnsupportedMediaType):
    """Neither the declared type nor the file name names a type that can be read."""

    message = "Documents of type {declared} cannot be read; possible are {expected}."


class DocumentTypeMismatch(UnsupportedMediaType):
    """The bytes are something else than what was declared."""

    message = "The document was declared as {declared}, but it is {found}."


class DocumentTooLarge(PayloadTooLarge):
    """The file, or what it unpacks to, is too large."""

    message = "The document, or what it unpacks to, is larger than {limit}."


class DocumentTooSlow(Invalid):
    """Reading took too long."""

    message = "Reading the document took longer than {seconds} seconds."


class DocumentTooHeavy(Invalid):
    """Reading took more memory or processor time than it may, or ended in a crash."""

    message = "Reading the document takes more memory or time than one document may have."


class DocumentDamaged(Invalid):
    """The file cannot be parsed."""

    message = "The document is damaged and cannot be read."


class DocumentEncrypted(Invalid):
    """The file is protected by a password."""

    message = "The document is protected by a password."


class DocumentEmpty(Invalid):
    """There is no text in the file, as in a scan without recognised text."""

    message = "There is no text in the document. Is it a scan?"
