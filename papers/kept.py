"""What this app keeps of patients, for the registry of patient models."""

from audit.patient_models import OtherModel, PatientModel, StoredFile, register


def declare() -> None:
    register(
        PatientModel(
            "papers.Quote",
            path="patient",
            section="quotes",
            pages=("papers:quote",),
            logged=("quote.given", "quote.accepted", "quote.declined", "quote.replaced"),
            contact="given_at",
            leaves_out=("request_key",),
        ),
        PatientModel(
            "papers.Paper",
            path="patient",
            section="papers",
            pages=("papers:pdf",),
            logged=("paper.made", "paper.printed"),
            leaves_out=("facts_sha256",),
            files=_files,
        ),
        OtherModel("papers.PriceList", "what a site charges from a day on", exported=True, leaves_out=("request_key",)),
        OtherModel("papers.Price", "one price of a list", exported=True),
    )


def _files(rows):
    for paper in rows.only("pk", "file", "sha256"):
        yield StoredFile(paper.pk, paper.file, f"{paper.number}.pdf", paper.sha256)
